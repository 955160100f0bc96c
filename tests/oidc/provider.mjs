// A real OpenID Connect provider for the tests (npm oidc-provider), on a free port of this machine.
// What it knows comes as JSON in KIM_OIDC_TEST: clientId, clientSecret, callback, backchannel, back, people {login: claims}.
// It says its issuer as one line on standard output and lives until standard input ends.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const known = JSON.parse(process.env.KIM_OIDC_TEST);
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: known.clientId,
        client_secret: known.clientSecret,
        redirect_uris: [known.callback],
        post_logout_redirect_uris: [known.back],
        backchannel_logout_uri: known.backchannel,
        backchannel_logout_session_required: true,
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
    // Whoever types a name of the list is that person; the password page of the library takes any password.
    findAccount: (ctx, login) =>
      known.people[login] && { accountId: login, claims: () => ({ sub: login, ...known.people[login] }) },
    features: { backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    pkce: { required: () => true },
    cookies: { keys: ["only-for-tests"] },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
