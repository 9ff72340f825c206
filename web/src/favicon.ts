// A page among many is found by its icon: while she is in line the tab shows her place, else how
// many messages she has not read.
const PLAIN = '/sluis.svg';
let shown = PLAIN;

const GROUND = '#0d4b5e';
const PAPER = '#fdfbf5';
const FONT = 'font-family="sans-serif" font-weight="700" text-anchor="middle"';

const short = (n: number, most: number, more: string) => (n > most ? more : `${n}`);

/** A square with the place in it, in the colours of the icon. */
function placed(place: number): string {
  const text = short(place, 999, '1k+');
  const size = [0, 44, 36, 27][text.length];
  return `<text x="32" y="32" dy=".36em" ${FONT} font-size="${size}" fill="${PAPER}">${text}</text>`;
}

/** The gate's arrow, and the number in a disc: no place looks like it. */
function unread(news: number): string {
  const text = short(news, 9, '9+');
  const size = [0, 38, 30][text.length];
  return `<path d="M8 12l10 20-10 20" fill="none" stroke="${PAPER}" stroke-width="6"
    stroke-linecap="round" stroke-linejoin="round"/><circle cx="41" cy="32" r="22"
    fill="#ffd28a"/><text x="41" y="32" dy=".36em" ${FONT} font-size="${size}"
    fill="#1b2a30">${text}</text>`;
}

/** The address of the icon to show; what is 0 or not there is not shown. */
export function iconOf(place: number | undefined, news: number): string {
  const inside = place ? placed(place) : news > 0 ? unread(news) : '';
  if (!inside) return PLAIN;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64"
    height="64" rx="14" fill="${GROUND}"/>${inside}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export function showFavicon(place: number | undefined, news: number): void {
  const wanted = iconOf(place, news);
  if (wanted === shown) return;
  shown = wanted;
  document.querySelector('link[rel="icon"]')?.setAttribute('href', wanted);
}
