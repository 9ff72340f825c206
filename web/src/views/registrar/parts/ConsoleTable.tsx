import type { ComponentChildren } from 'preact';

export interface Column {
  name: string;
  /** Of numbers. */
  figures?: boolean;
  /** Only where there is room for it. */
  wide?: boolean;
  /** Its name is read, not seen. */
  hidden?: boolean;
}

const classOf = ({ wide, figures }: Column): string | undefined =>
  [wide && 'wide-cell', figures && 'figures'].filter(Boolean).join(' ') || undefined;

/** A table of the console: what it is of, the heads of its columns, and its rows. */
export const ConsoleTable = (props: {
  kind: string;
  caption: string;
  columns: Column[];
  children: ComponentChildren;
}) => (
  <table class={`console-table ${props.kind}`}>
    <caption class="hidden">{props.caption}</caption>
    <thead>
      <tr>
        {props.columns.map((c) => (
          <th key={c.name} scope="col" class={classOf(c)}>
            {c.hidden ? <span class="hidden">{c.name}</span> : c.name}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>{props.children}</tbody>
  </table>
);
