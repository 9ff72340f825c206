// Nederlands: inloggen met het universiteitsaccount.
export const nlUniversity = {
  'university.lead':
    'Je logt in op de pagina van je universiteit en komt vanzelf hier terug. Sluis ziet je wachtwoord niet.',
  'university.go': 'Log in met je universiteitsaccount',
  'university.registrar': 'Inloggen als studentenadministratie',
  'university.other': 'Met een ander account',
  'university.ask': 'Klopt dit niet? Vraag het aan {contact}.',
  'university.contact': 'de studentenadministratie van je universiteit',
  'university.fault.unavailable': 'Inloggen kan nu even niet',
  'university.what.unavailable':
    'De inlogpagina van je universiteit antwoordt niet. Probeer het over een paar minuten opnieuw. Wie al is ingelogd, merkt hier niets van, en een plan dat klaarstaat wordt gewoon ingediend.',
  'university.fault.busy': 'Het is druk bij het inloggen',
  'university.what.busy': 'Er is niets misgegaan. Wacht een halve minuut en probeer het opnieuw.',
  'university.fault.cancelled': 'Je hebt het inloggen afgebroken',
  'university.what.cancelled': 'Er is niets veranderd. Je kunt het opnieuw proberen.',
  'university.fault.stale': 'Deze inlogpoging is niet meer geldig',
  'university.what.stale':
    'Ze duurde te lang, begon in een ander venster of was al gebruikt. Begin opnieuw.',
  'university.fault.untrusted': 'Het antwoord van je universiteit klopt niet',
  'university.what.untrusted':
    'Sluis kan niet nagaan of het echt is en laat daarom niemand binnen. Probeer het opnieuw; gebeurt het weer, meld het dan.',
  'university.fault.no_access': 'Met dit account kun je hier niet inloggen',
  'university.what.no_access':
    'Je universiteit kent je, maar zegt niet dat je hier student bent. Heb je een ander account, gebruik dat dan.',
  'university.fault.no_number': 'Je studentnummer is niet doorgegeven',
  'university.what.no_number': 'Zonder studentnummer weet Sluis niet wie je bent.',
  'university.fault.no_name': 'Je naam als medewerker is niet doorgegeven',
  'university.what.no_name': 'Wat de administratie doet, staat op naam. Zonder naam kan dat niet.',
  'university.fault.unknown_student': 'Je staat nog niet in Sluis',
  'university.what.unknown_student':
    'Inloggen is gelukt, maar je studentnummer is hier niet bekend. Dat kan gebeuren als je net bent ingeschreven.',
} as const;
