// A copy of the outcomes to keep, as plain text. Pure: the words come from outside.

export interface Receipt {
  course: string;
  code: string;
  outcome: string;
  sections: string[];
  /** When it was decided, and its place in the journal. */
  decided: string;
  number: string;
}

export interface Heading {
  title: string;
  lines: string[];
  /** Whose word decides. */
  footer: string;
}

/** One block a course, readable by anything that shows text. */
export function receiptText(heading: Heading, receipts: Receipt[]): string {
  const rule = (sign: string) => sign.repeat(64);
  const blocks = receipts.map((r) =>
    [`${r.course} (${r.code})`, r.outcome, ...r.sections, r.decided, r.number]
      .filter(Boolean)
      .map((line, i) => (i ? `  ${line}` : line))
      .join('\n'),
  );
  return [
    heading.title,
    rule('='),
    ...heading.lines,
    '',
    blocks.join('\n\n'),
    '',
    rule('-'),
    heading.footer,
    '',
  ].join('\n');
}
