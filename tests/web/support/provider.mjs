// A real OpenID provider on this machine (the npm package oidc-provider) with a few made-up people.
// Its own page asks who it is, as a university's does. Used by the browser tests as a module, and by
// the tests of the gateway as a program: it is told on standard input what to do, a word a line.
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import Oidc from 'oidc-provider';

export const CLIENT = { id: 'sluis-test', secret: 'a secret of the test, & no other: 50%' };

const at = (number, more) => ({
  schac_home_organization: 'example.edu',
  uids: [number],
  eduperson_affiliation: ['student'],
  ...more,
});
const staff = (name, role) => ({
  schac_home_organization: 'example.edu',
  uids: [name],
  eduperson_affiliation: ['employee'],
  eduperson_entitlement: [`urn:x:sluis:${role}`],
  eduperson_principal_name: `${name}@example.edu`,
});

/** Accounts by the name that is typed in. What identifies them at the provider is another thing. */
export const people = {
  anna: at('s1000001'),
  bo: at('s1000002'),
  first: at('s0001'),
  nobody: at('s9999999'),
  elsewhere: at('s1000001', { schac_home_organization: 'example.org' }),
  alum: at('s1000001', { eduperson_affiliation: ['alum'] }),
  jansen: staff('a.jansen', 'registrar'),
  operator: staff('o.pieters', 'operator'),
  // A student who works at the administration.
  both: at('s1000003', {
    eduperson_entitlement: ['urn:x:sluis:registrar'],
    eduperson_principal_name: 'b.visser@example.edu',
  }),
};
const NAMES = ['sub', ...new Set(Object.values(people).flatMap((p) => Object.keys(p)))];

/** Settings of a gateway that signs in here. */
export const settings = (issuer) => ({
  SLUIS__SIGN_IN__MODE: 'oidc',
  SLUIS__SIGN_IN__OIDC__ISSUER: issuer,
  SLUIS__SIGN_IN__OIDC__CLIENT_ID: CLIENT.id,
  SLUIS__SIGN_IN__OIDC__CLIENT_SECRET: CLIENT.secret,
  SLUIS__SIGN_IN__OIDC__ORGANISATION_CLAIM: 'schac_home_organization',
  SLUIS__SIGN_IN__OIDC__ORGANISATION_VALUES: 'example.edu',
  SLUIS__SIGN_IN__OIDC__STUDENT_NUMBER_CLAIM: 'uids',
  SLUIS__SIGN_IN__OIDC__STUDENT_CLAIM: 'eduperson_affiliation',
  SLUIS__SIGN_IN__OIDC__STUDENT_VALUES: 'student',
  SLUIS__SIGN_IN__OIDC__REGISTRAR_CLAIM: 'eduperson_entitlement',
  SLUIS__SIGN_IN__OIDC__REGISTRAR_VALUES: 'urn:x:sluis:registrar',
  SLUIS__SIGN_IN__OIDC__REGISTRAR_NAME_CLAIM: 'eduperson_principal_name',
  SLUIS__SIGN_IN__OIDC__OPERATOR_CLAIM: 'eduperson_entitlement',
  SLUIS__SIGN_IN__OIDC__OPERATOR_VALUES: 'urn:x:sluis:operator',
});

function key() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

/** The ID token with these claims changed, signed with RS256 by this key under the name that it had. */
function signedAgain(token, claims, jwk) {
  const [head, body] = token.split('.');
  const text = `${head}.${encoded({ ...decoded(body), ...claims })}`;
  const signature = sign(
    'RSA-SHA256',
    Buffer.from(text),
    createPrivateKey({ key: jwk, format: 'jwk' }),
  );
  return `${text}.${signature.toString('base64url')}`;
}

const page = (title, body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
   <body><h1>${title}</h1>${body}</body></html>`;

async function formOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return new URLSearchParams(Buffer.concat(pieces).toString());
}

/** What is given with a grant, and goes with it. */
const TOKEN = /^(AccessToken|AuthorizationCode|RefreshToken) /;

/** What the provider remembers, over a change of its keys. */
const stores = () => {
  const kept = new Map();
  return class {
    #name;
    constructor(name) {
      this.#name = name;
    }
    #key = (id) => `${this.#name} ${id}`;
    async upsert(id, payload) {
      kept.set(this.#key(id), payload);
    }
    async find(id) {
      return kept.get(this.#key(id));
    }
    async findByUid(uid) {
      const own = [...kept].filter(([key]) => key.startsWith(`${this.#name} `));
      return own.find(([, payload]) => payload.uid === uid)?.[1];
    }
    async findByUserCode() {
      return undefined;
    }
    async consume(id) {
      const payload = kept.get(this.#key(id));
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    }
    async destroy(id) {
      kept.delete(this.#key(id));
    }
    async revokeByGrantId(grant) {
      const granted = ([key, payload]) => TOKEN.test(key) && payload.grantId === grant;
      for (const [key] of [...kept].filter(granted)) kept.delete(key);
    }
  };
};

export class Provider {
  #server;
  #accept;
  #keys = [key()];
  #cookieKeys = [randomUUID()];
  #sockets = new Set();
  #adapter = stores();
  /** What happens to an ID token before it is given out. */
  #spoil = (token) => token;

  /** Listens at a port of `127.0.0.1`; browsers know it as `host`. `home` is the gateway. */
  static async start(home, { host = '127.0.0.1', port = 0 } = {}) {
    const provider = new Provider();
    provider.home = home;
    await provider.#listen(port);
    provider.port = provider.#server.address().port;
    provider.issuer = `http://${host}:${provider.port}`;
    provider.#renew();
    return provider;
  }

  #listen(port) {
    this.#server = createServer((request, response) => this.#accept(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  /** As a provider that is not there: connections are refused. */
  async stop() {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Again, where it was. */
  again() {
    return this.#listen(this.port);
  }

  /** Signs with a new key from now on, and publishes no other. */
  rotate() {
    this.#keys = [key()];
    this.#renew();
  }

  /** ID tokens are signed by a key that is not published, under the name of the one that is. */
  forge() {
    const other = key();
    this.#spoil = (token) => signedAgain(token, {}, other);
  }

  /** ID tokens are rightly signed, and ran out an hour ago. */
  expire() {
    const then = Math.floor(Date.now() / 1000) - 3600;
    this.#spoil = (token) => signedAgain(token, { iat: then - 60, exp: then }, this.#keys[0]);
  }

  /** ID tokens are signed anew by the right key, and nothing of them is changed. */
  honest() {
    this.#spoil = (token) => signedAgain(token, {}, this.#keys[0]);
  }

  #renew() {
    const oidc = new Oidc(this.issuer, this.#configuration());
    oidc.use((ctx, next) => this.#ask(oidc, ctx, next));
    oidc.use(async (ctx, next) => {
      await next();
      const given = ctx.path === '/token' && ctx.body?.id_token;
      if (given) ctx.body.id_token = this.#spoil(given);
    });
    this.#accept = oidc.callback();
  }

  #configuration() {
    return {
      adapter: this.#adapter,
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: [`${this.home}/api/sign-in/return`],
          post_logout_redirect_uris: [`${this.home}/`],
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      jwks: { keys: this.#keys },
      cookies: { keys: this.#cookieKeys },
      claims: { openid: NAMES },
      pkce: { required: () => true },
      ttl: { Session: 3600, Grant: 3600, Interaction: 600, AccessToken: 60, IdToken: 60 },
      features: {
        devInteractions: { enabled: false },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: (ctx, form) => {
            const button =
              '<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>';
            ctx.body = page('Sign out of the university?', form + button);
          },
        },
      },
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      findAccount: (_, id) => {
        const found = people[id.replace(/^opaque-/, '')];
        return found && { accountId: id, claims: () => ({ sub: id, ...found }) };
      },
      // Nobody is asked for consent, as at a university.
      loadExistingGrant: async (ctx) => {
        const { client, session } = ctx.oidc;
        const known = session.grantIdFor(client.clientId);
        if (known) return ctx.oidc.provider.Grant.find(known);
        const who = { clientId: client.clientId, accountId: session.accountId };
        const grant = new ctx.oidc.provider.Grant(who);
        grant.addOIDCScope('openid');
        await grant.save();
        return grant;
      },
    };
  }

  /** The provider's own page, which asks who it is. */
  async #ask(oidc, ctx, next) {
    if (ctx.path === '/favicon.ico') {
      ctx.status = 204;
      return undefined;
    }
    if (!ctx.path.startsWith('/interaction/')) return next();
    const { uid } = await oidc.interactionDetails(ctx.req, ctx.res);
    if (ctx.method !== 'POST') {
      ctx.body = page(
        'University of Example',
        `<form method="post" action="/interaction/${uid}">
           <label>Account <input name="account" autofocus></label>
           <button name="do" value="go">Sign in</button>
           <button name="do" value="stop">Cancel</button>
         </form>`,
      );
      return undefined;
    }
    const form = await formOf(ctx.req);
    const account = form.get('account');
    const result =
      form.get('do') === 'stop' || !people[account]
        ? { error: 'access_denied', error_description: 'stopped' }
        : { login: { accountId: `opaque-${account}` } };
    ctx.respond = false;
    await oidc.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
    return undefined;
  }
}

async function program() {
  const provider = await Provider.start(process.argv[2]);
  console.log(provider.issuer);
  for await (const word of createInterface({ input: process.stdin })) {
    await {
      rotate: () => provider.rotate(),
      stop: () => provider.stop(),
      again: () => provider.again(),
      forge: () => provider.forge(),
      expire: () => provider.expire(),
      honest: () => provider.honest(),
    }[word]();
    console.log('done');
  }
  process.exit(0);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await program();
