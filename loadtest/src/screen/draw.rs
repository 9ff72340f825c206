//! Draws a picture.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Gauge, Paragraph, Sparkline};

use super::Picture;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, title: &str, picture: &Picture) {
    let rows = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(7),
        Constraint::Min(4),
        Constraint::Min(4),
        Constraint::Length(1),
    ]);
    let [top, facts, arrivals, decisions, foot] = rows.areas(frame.area());
    frame.render_widget(progress(title, picture), top);
    frame.render_widget(facts_of(picture), facts);
    let sent = picture.rates.iter().map(|(sent, _)| *sent);
    let told = picture.rates.iter().map(|(_, told)| *told);
    line(frame, arrivals, " requests sent ", sent.collect(), Color::Blue, picture.width);
    line(frame, decisions, " outcomes told ", told.collect(), Color::Green, picture.width);
    let keys = Line::from(" q or Ctrl-C: stop now and report what there is");
    frame.render_widget(Paragraph::new(keys), foot);
}

fn progress<'a>(title: &'a str, picture: &Picture) -> Gauge<'a> {
    let label = match picture.opened {
        true => format!("open, {:.0} % of the time", picture.progress * 100.0),
        false => format!("opens in {:.0} s", picture.opens_in.max(0.0).ceil()),
    };
    Gauge::default()
        .block(Block::bordered().title(format!(" rush: {title} ")))
        .gauge_style(Style::new().fg(Color::Cyan))
        .ratio(picture.progress.clamp(0.0, 1.0))
        .label(label)
}

fn facts_of(picture: &Picture) -> Paragraph<'static> {
    let rate = picture
        .rates
        .len()
        .checked_sub(2)
        .map_or(0.0, |at| picture.rates[at].1 as f64 / picture.width.max(0.001));
    let [p50, p90, p99, max] = picture.latency_ms;
    let alarm = |count: u64| match count {
        0 => Style::new(),
        _ => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    };
    let lines = vec![
        Line::from(format!("outcomes    {:>10}    {rate:>9.0} a second", picture.decided)),
        Line::from(format!(
            "in line     {:>10}    {:>9} connected, {} tabs not finished",
            picture.in_line, picture.connected, picture.unfinished
        )),
        Line::from(format!(
            "latency ms  {p50:>10.1} p50   {p90:>9.1} p90   {p99:>9.1} p99   {max:>9.1} max"
        )),
        Line::from(Span::styled(
            format!(
                "errors      {:>10}    {:>9} busy, {} reconnects",
                picture.errors, picture.busy, picture.reconnects
            ),
            alarm(picture.errors),
        )),
        Line::from(Span::styled(
            format!("violations  {:>10}", picture.violations),
            alarm(picture.violations),
        )),
    ];
    Paragraph::new(lines).block(Block::bordered())
}

fn line(
    frame: &mut Frame,
    area: ratatui::layout::Rect,
    title: &str,
    values: Vec<u64>,
    colour: Color,
    width: f64,
) {
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let from = values.len().saturating_sub(room);
    let most = values[from..].iter().max().copied().unwrap_or(0) as f64 / width.max(0.001);
    let title = format!("{title}(at most {most:.0} a second) ");
    let sparkline = Sparkline::default()
        .block(Block::bordered().title(title))
        .style(Style::new().fg(colour))
        .data(&values[from..]);
    frame.render_widget(sparkline, area);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    #[test]
    fn everything_that_matters_is_on_the_screen() {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let picture = Picture {
            opened: true,
            progress: 0.5,
            width: 0.5,
            rates: vec![(10, 0), (20, 30), (0, 5)],
            decided: 4321,
            in_line: 77,
            latency_ms: [1.0, 2.0, 3.5, 9.0],
            errors: 3,
            ..Picture::default()
        };
        terminal.draw(|frame| draw(frame, "smoke", &picture)).unwrap();
        let text = terminal.backend().to_string();
        for part in ["smoke", "50 %", "4321", "77", "60 a second", "3.5 p99", "3    ", "Ctrl-C"] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
