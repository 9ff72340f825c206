// While she is in line, the tab shows her place: a page among many is found by its icon.
let shown = '/sluis.svg';

const text = (place: number) => (place > 999 ? '1k+' : `${place}`);

/** A square with the place in it, in the colours of the icon. */
const drawn = (place: number): string => {
  const size = [0, 44, 36, 27][text(place).length];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64"
    height="64" rx="14" fill="#0d4b5e"/><text x="32" y="32" dy=".36em" text-anchor="middle"
    font-family="sans-serif" font-weight="700" font-size="${size}" fill="#fdfbf5">${text(place)}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
};

export function showFavicon(place: number | undefined): void {
  const wanted = place ? drawn(place) : '/sluis.svg';
  if (wanted === shown) return;
  shown = wanted;
  document.querySelector('link[rel="icon"]')?.setAttribute('href', wanted);
}
