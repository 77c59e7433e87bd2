// Has dfinity's JavaScript agent verify what the registry certifies of its history.
//
// In: a JSON list of {certificate, rootKey, canister, tree}: bytes in hex, the tree as the agent has hash trees, with
// its bytes in hex. Out: a JSON list with what the agent finds in each, or {refused: reason}.
import { readFileSync } from 'node:fs';
import { Certificate, LookupPathStatus, lookup_path, reconstruct } from '@icp-sdk/core/agent';
import { Principal } from '@icp-sdk/core/principal';

const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
const hex = (source) => Buffer.from(source).toString('hex');
const tree = (node) => {
  const [kind, ...parts] = node;
  if (kind === 1) return [1, tree(parts[0]), tree(parts[1])];
  if (kind === 2) return [2, unhex(parts[0]), tree(parts[1])];
  return parts.length ? [kind, unhex(parts[0])] : [kind];
};

const answer = async ({ certificate: given, rootKey, canister, tree: told }) => {
  const principal = Principal.fromText(canister);
  const certificate = await Certificate.create({
    certificate: unhex(given),
    rootKey: unhex(rootKey),
    principal: { canisterId: principal },
  });
  const path = ['canister', principal.toUint8Array(), 'certified_data'];
  const certified = lookup_path(path, certificate.cert.tree);
  if (certified.status !== LookupPathStatus.Found) throw new Error(`certified_data: ${certified.status}`);
  const changes = tree(told);
  const root = await reconstruct(changes);
  if (hex(root) !== hex(certified.value)) throw new Error('the tree has another root hash than certified_data');
  const version = lookup_path(['current_version'], changes);
  const delta = (number) => {
    const label = Buffer.alloc(8);
    label.writeBigUInt64BE(BigInt(number));
    const found = lookup_path(['delta', Uint8Array.from(label)], changes);
    return found.status === LookupPathStatus.Found ? hex(found.value) : found.status;
  };
  return { version: hex(version.value), deltas: [2015, 2016, 2017, 2023].map(delta) };
};

const answers = [];
for (const asked of JSON.parse(readFileSync(0, 'utf8'))) {
  answers.push(await answer(asked).catch((error) => ({ refused: String(error?.message ?? error) })));
}
console.log(JSON.stringify(answers));
