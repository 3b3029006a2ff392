/** Decimals among the fields that samples and the sandbox have. */
const DECIMALS = /"(Amount|AnnualRevenue)":"(\d{1,15}\.\d{2})"/g;

/** JSON with money as numbers that keep their zeros, as Salesforce writes `1250.50`. */
export function writeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value).replace(DECIMALS, '"$1":$2'));
}
