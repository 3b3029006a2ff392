import type { FastifyInstance } from 'fastify';
import { type AuthorizationRouteOptions, authorizationRoutes } from './authorization-routes.ts';
import { type CallbackRouteOptions, callbackRoute } from './callback-route.ts';
import { clientRoutes } from './client-routes.ts';
import type { OAuthClientStore } from './client-store.ts';
import { type ConsentOptions, Consents } from './consents.ts';
import { providerRoutes } from './provider-routes.ts';

export type OAuthRouteOptions = ConsentOptions &
  Omit<AuthorizationRouteOptions, 'consents'> &
  Omit<CallbackRouteOptions, 'consents'> & { readonly clients: OAuthClientStore };

/** Everything by which accounts are connected with OAuth 2.0. */
export async function oauthRoutes(app: FastifyInstance, options: OAuthRouteOptions): Promise<void> {
  const { clients, oauth, publicUrl } = options;
  const consents = new Consents(options);
  await app.register(clientRoutes, { clients, providers: oauth.providers });
  await app.register(providerRoutes, { clients, providers: oauth.providers, publicUrl });
  await app.register(authorizationRoutes, { ...options, consents });
  await app.register(callbackRoute, { ...options, consents });
}
