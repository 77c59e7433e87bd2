// agent-js for benchmarks/certificates.py: verifies certificates and tells how long each took.
//
// Standard input: first a line of JSON, a list of {file, rootKey (hex), canister}; then a line for each round.
// Standard output: a line of JSON for each round, the milliseconds of each certificate; null where it is refused.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Certificate } from '@icp-sdk/core/agent';
import { Principal } from '@icp-sdk/core/principal';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const cases = JSON.parse((await lines.next()).value).map(({ file, rootKey, canister }) => ({
  certificate: Uint8Array.from(readFileSync(file)),
  rootKey: Uint8Array.from(Buffer.from(rootKey, 'hex')),
  principal: { canisterId: Principal.fromText(canister) },
  disableTimeVerification: true,
}));

for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const times = [];
  for (const one of cases) {
    const began = process.hrtime.bigint();
    try {
      await Certificate.create(one);
      times.push(Number(process.hrtime.bigint() - began) / 1e6);
    } catch (error) {
      process.stderr.write(`agent-js refuses: ${error.message}\n`);
      times.push(null);
    }
  }
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
