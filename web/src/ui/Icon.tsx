/** Icons of our own drawing, on a 24 px grid. They decorate: the words beside them say it. */
const PATHS = {
  plan: 'M5 4h10l4 4v12H5z M15 4v4h4 M8.5 12h7 M8.5 16h5',
  opening: 'M4 5v14 M20 5v14 M4 6l8 4.5L20 6 M7 15h3 M14 15h3 M7 18.500h3 M14 18.500h3',
  outcomes: 'M4 12.500l4.500 4.500L20 6',
  timetable: 'M4 6h16v14H4z M4 10.500h16 M8.500 3.500v4 M15.500 3.500v4 M10 10.500v9.500',
  results: 'M4 20h16 M7 20v-6 M12 20V9 M17 20V5',
  messages: 'M4 6h16v12H4z M4 7l8 6.500L20 7',
  account:
    'M12 12.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4.500 20c1.200-3.500 4-5 7.500-5s6.300 1.500 7.500 5',
  registrar: 'M4 9.500L12 4l8 5.500 M6 10v8 M10 10v8 M14 10v8 M18 10v8 M4 20h16',
  check: 'M5 12.500l4.500 4.500L19 7',
  wait: 'M12 4.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15z M12 8v4.500l3 2',
  cross: 'M6.500 6.500l11 11 M17.500 6.500l-11 11',
  warn: 'M12 4.500L21 19.500H3z M12 10v4.500 M12 17v.200',
  grip: 'M9 7v.100 M15 7v.100 M9 12v.100 M15 12v.100 M9 17v.100 M15 17v.100',
  plus: 'M12 5.500v13 M5.500 12h13',
  minus: 'M5.500 12h13',
  up: 'M12 18.500v-13 M6.500 11L12 5.500 17.500 11',
  lower: 'M12 5.500v13 M6.500 13l5.500 5.500 5.500-5.500',
  down: 'M6 9.500l6 6 6-6',
  next: 'M9.5 5.500l6.500 6.500-6.500 6.500',
  previous: 'M14.5 5.500L8 12l6.500 6.500',
  armed: 'M12 4l8 8-8 8-8-8z',
  system: 'M4 5h16v11H4z M9 20h6 M12 16v4',
  light:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M12 2.500v2 M12 19.500v2 M2.500 12h2 M19.500 12h2 M5.300 5.300l1.400 1.400 M17.300 17.300l1.400 1.400 M5.300 18.700l1.400-1.400 M17.300 6.700l1.400-1.400',
  dark: 'M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name, heavy }: { name: IconName; heavy?: boolean }) => (
  <svg class={heavy ? 'icon heavy' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
