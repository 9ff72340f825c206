// Per component: any section that fits, or sections in order of preference.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { choose } from '../model/choices';
import { weekRanges } from '../model/week';
import type { ChoiceDto } from '../wire/ChoiceDto';
import type { ComponentView } from '../wire/ComponentView';
import type { CourseView } from '../wire/CourseView';
import type { SectionView } from '../wire/SectionView';
import { Button, IconButton, Tag } from './basics';
import { SectionSeats } from './Seats';
import { kindName, shortKey, when } from './words';

interface Props {
  course: CourseView;
  choices: ChoiceDto[];
  onChange: (choices: ChoiceDto[]) => void;
  /** Sections she has now, in a swap. */
  own?: string[];
}

const About = ({ section, own }: { section: SectionView; own: boolean }) => (
  <span class="about">
    <span class="about-name">
      <strong>{shortKey(section.key)}</strong> {when(section)}{' '}
      {own && <Tag>{t('outcome.yours')}</Tag>}
    </span>
    <span class="meta">
      <SectionSeats section={section} />
      {section.meetings[0] && (
        <span> · {t('time.weeks', { weeks: weekRanges(section.meetings[0].weeks) })}</span>
      )}
      {section.parent && <span> · {t('plan.with', { section: shortKey(section.parent) })}</span>}
    </span>
  </span>
);

/** Of more groups than this only the first are shown, and those that are hers or chosen. */
const FEW = 4;

function Component(props: Props & { component: ComponentView; at: number }) {
  const { course, choices, onChange, own = [], component, at } = props;
  const choice = choices[at];
  const ranked = Array.isArray(choice) ? choice : [];
  const all = component.sections;
  const many = all.length > 1;
  const [whole, setWhole] = useState(false);
  const folds = all.length > FEW + 1;
  const few = all.filter((s, i) => i < FEW || ranked.includes(s.key) || own.includes(s.key));
  const shown = folds && !whole ? few : all;
  const take = (section: string | null, how?: 'up') =>
    onChange(choose(course, choices, at, section, how));
  return (
    <fieldset class="component">
      <legend>{kindName(component.kind)}</legend>
      {many && !own.length && (
        <button
          type="button"
          class="option"
          aria-pressed={!ranked.length}
          onClick={() => take(null)}
        >
          <span class="pip" aria-hidden="true" />
          {t('plan.any')}
        </button>
      )}
      {shown.map((section) => {
        const rank = ranked.indexOf(section.key);
        const about = <About section={section} own={own.includes(section.key)} />;
        if (!many) {
          return (
            <p class="option only" key={section.key}>
              {about}
            </p>
          );
        }
        return (
          <div class="pick" key={section.key}>
            <button
              type="button"
              class="option"
              aria-pressed={rank >= 0}
              onClick={() => take(section.key)}
            >
              <span class="pip">
                {rank >= 0 && <span aria-hidden="true">{rank + 1}</span>}
                {rank >= 0 && <span class="hidden">{t('plan.choice', { n: rank + 1 })}</span>}
              </span>
              {about}
            </button>
            {rank > 0 && (
              <IconButton
                icon="up"
                label={t('plan.up', { what: shortKey(section.key) })}
                onClick={() => take(section.key, 'up')}
              />
            )}
          </div>
        );
      })}
      {folds && (
        <Button
          kind="quiet"
          icon={whole ? 'minus' : 'down'}
          expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole ? t('plan.fewGroups') : t('plan.allGroups', { n: all.length })}
        </Button>
      )}
    </fieldset>
  );
}

export const Chooser = (props: Props) => (
  <div class="chooser">
    <p class="quiet">{t('plan.chooseHow')}</p>
    {props.course.components.map((component, at) => (
      <Component key={component.sections[0]?.key ?? at} {...props} component={component} at={at} />
    ))}
  </div>
);
