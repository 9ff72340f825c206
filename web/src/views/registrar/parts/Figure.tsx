import type { ComponentChildren } from 'preact';

/** A number with what it is, in a `<dl>`. */
export const Figure = (props: { name: string; children: ComponentChildren }) => (
  <div>
    <dt>{props.name}</dt>
    <dd class="figures">{props.children}</dd>
  </div>
);
