// English: signing in with the university account.
import type { UniversityTexts } from './index';

export const enUniversity: UniversityTexts = {
  'university.lead':
    'You sign in on your university’s own page, and come back here by yourself. Sluis does not see your password.',
  'university.go': 'Sign in with your university account',
  'university.registrar': 'Sign in as registrar',
  'university.other': 'With another account',
  'university.ask': 'Not right? Ask {contact}.',
  'university.contact': 'your university’s student administration',
  'university.fault.unavailable': 'Sign-in is not available right now',
  'university.what.unavailable':
    'Your university’s sign-in page does not answer. Try again in a few minutes. Whoever is signed in already notices nothing, and a plan that is armed is submitted all the same.',
  'university.fault.busy': 'Many are signing in',
  'university.what.busy': 'Nothing went wrong. Wait half a minute and try again.',
  'university.fault.cancelled': 'You stopped signing in',
  'university.what.cancelled': 'Nothing was changed. You can try again.',
  'university.fault.stale': 'This sign-in is no longer valid',
  'university.what.stale':
    'It took too long, began in another window, or was used before. Start again.',
  'university.fault.untrusted': 'Your university’s answer is not right',
  'university.what.untrusted':
    'Sluis cannot tell whether it is real, so it lets nobody in. Try again; if it happens again, report it.',
  'university.fault.no_access': 'This account cannot sign in here',
  'university.what.no_access':
    'Your university knows you, but does not say that you are a student here. If you have another account, use that one.',
  'university.fault.no_number': 'Your student number was not passed on',
  'university.what.no_number': 'Without a student number Sluis does not know who you are.',
  'university.fault.no_name': 'Your name as a member of staff was not passed on',
  'university.what.no_name': 'What a registrar does bears a name. Without one it cannot be done.',
  'university.fault.unknown_student': 'You are not in Sluis yet',
  'university.what.unknown_student':
    'You signed in, but your student number is not known here. That can happen when you have only just enrolled.',
};
