import type { DataCenter } from './settings.ts';

/**
 * Where the API of each data centre is called. Source: Zoho CRM API v8, "Multi DC Support"; those of sa
 * and uk are known from other clients alone.
 */
export const API_URLS: Readonly<Record<DataCenter, string>> = {
  us: 'https://www.zohoapis.com',
  eu: 'https://www.zohoapis.eu',
  in: 'https://www.zohoapis.in',
  au: 'https://www.zohoapis.com.au',
  jp: 'https://www.zohoapis.jp',
  ca: 'https://www.zohoapis.ca',
  sa: 'https://www.zohoapis.sa',
  cn: 'https://www.zohoapis.com.cn',
  uk: 'https://www.zohoapis.uk',
};
