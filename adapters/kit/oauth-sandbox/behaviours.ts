import type { Behaviour } from './behaviour.ts';
import { hubspot, salesforce, zoho } from './crm-behaviours.ts';
import { google, microsoft, notion, slack } from './suite-behaviours.ts';
import { asana, clickup, linear } from './task-behaviours.ts';

/**
 * The authorisation servers, each with its departures from the standards. Written from what the providers
 * document, not from the clients' data in adapters/, so that each checks the other.
 */
export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  salesforce,
  hubspot,
  zoho,
  google,
  microsoft,
  slack,
  notion,
  asana,
  clickup,
  linear,
};
