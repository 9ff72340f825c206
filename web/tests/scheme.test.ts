// Light, dark, or as the system has it.
import { expect, test } from 'vitest';
import { nextScheme, SCHEMES, schemeOf } from '../src/scheme';

test('what is stored counts, and rubbish is the system', () => {
  expect(SCHEMES.map(schemeOf)).toEqual([...SCHEMES]);
  expect(schemeOf(null)).toBe('system');
  expect(schemeOf('purple')).toBe('system');
});

test('the button goes round', () => {
  const round = [nextScheme('system'), nextScheme('light'), nextScheme('dark')];
  expect(round).toEqual(['light', 'dark', 'system']);
});
