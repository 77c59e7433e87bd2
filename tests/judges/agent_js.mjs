// Has dfinity's JavaScript agent verify certificates and decode the proposals in them.
//
// In: a JSON list of {certificate, rootKey, canister, request}, the bytes in hex. Out: a JSON list with what the agent
// reads in each certificate that it accepts and that answers the request, and {refused: reason} for each other.
import { readFileSync } from 'node:fs';
import { Cbor, Certificate, LookupPathStatus, lookup_path, requestIdOf } from '@icp-sdk/core/agent';
import { IDL } from '@icp-sdk/core/candid';
import { Principal } from '@icp-sdk/core/principal';

// The agent wants arrays that own their memory, which node's Buffers do not.
const bytes = (source) => Uint8Array.from(source);
const unhex = (text) => bytes(Buffer.from(text, 'hex'));
const hex = (source) => Buffer.from(source).toString('hex');

const Id = IDL.Record({ id: IDL.Nat64 });
const Blob = IDL.Vec(IDL.Nat8);
const Metadata = IDL.Record({ kernel_cmdline: IDL.Opt(IDL.Text), vcpu_type: IDL.Opt(IDL.Text) });
const Measurement = IDL.Record({ measurement: IDL.Opt(Blob), metadata: IDL.Opt(Metadata) });
const Bless = IDL.Record({
  chip_ids: IDL.Opt(IDL.Vec(Blob)),
  rootfs_hash: IDL.Opt(IDL.Text),
  base_guest_launch_measurements: IDL.Opt(
    IDL.Record({ guest_launch_measurements: IDL.Opt(IDL.Vec(Measurement)) }),
  ),
});
const Action = IDL.Variant({
  Motion: IDL.Record({ motion_text: IDL.Text }),
  ExecuteNnsFunction: IDL.Record({ nns_function: IDL.Int32, payload: Blob }),
  BlessAlternativeGuestOsVersion: Bless,
});
const Election = IDL.Record({
  replica_version_to_elect: IDL.Opt(IDL.Text),
  release_package_sha256_hex: IDL.Opt(IDL.Text),
  release_package_urls: IDL.Vec(IDL.Text),
  replica_versions_to_unelect: IDL.Vec(IDL.Text),
  guest_launch_measurements: IDL.Opt(
    IDL.Record({
      guest_launch_measurements: IDL.Vec(IDL.Record({ measurement: Blob, metadata: IDL.Opt(Metadata) })),
    }),
  ),
});
const ProposalInfo = IDL.Record({
  id: IDL.Opt(Id),
  status: IDL.Int32,
  topic: IDL.Int32,
  proposal: IDL.Opt(
    IDL.Record({ url: IDL.Text, title: IDL.Opt(IDL.Text), action: IDL.Opt(Action), summary: IDL.Text }),
  ),
});

const labels = ([metadata]) => ({
  kernel_cmdline: metadata?.kernel_cmdline[0] ?? null,
  vcpu_type: metadata?.vcpu_type[0] ?? null,
});

const election = (payload) => {
  const [told] = IDL.decode([Election], bytes(payload));
  return {
    version: told.replica_version_to_elect[0] ?? null,
    digest: told.release_package_sha256_hex[0] ?? null,
    urls: told.release_package_urls,
    retired: told.replica_versions_to_unelect,
    measurements:
      told.guest_launch_measurements[0]?.guest_launch_measurements.map((one) => ({
        measurement: hex(one.measurement),
        ...labels(one.metadata),
      })) ?? null,
  };
};

const answer = async ({ certificate: given, rootKey, canister, request }) => {
  const certificate = await Certificate.create({
    certificate: unhex(given),
    rootKey: unhex(rootKey),
    principal: { canisterId: Principal.fromText(canister) },
  });
  const { content } = Cbor.decode(unhex(request));
  const requestId = bytes(requestIdOf(content));
  const leaf = (name) => {
    const found = lookup_path(['request_status', requestId, name], certificate.cert.tree);
    if (found.status !== LookupPathStatus.Found) throw new Error(`${name} of the request: ${found.status}`);
    return bytes(found.value);
  };
  const [reply] = IDL.decode([IDL.Opt(ProposalInfo)], leaf('reply'));
  const info = reply[0];
  const action = info?.proposal[0]?.action[0];
  const bless = action?.BlessAlternativeGuestOsVersion;
  const executed = action?.ExecuteNnsFunction;
  const delegation = certificate.cert.delegation;
  return {
      status: Buffer.from(leaf('status')).toString(),
      subnet: delegation ? Principal.fromUint8Array(bytes(delegation.subnet_id)).toText() : null,
      proposal: info ? info.id[0].id.toString() : null,
      proposalStatus: info ? info.status : null,
      action: action ? Object.keys(action)[0] : null,
      chipIds: bless ? bless.chip_ids[0].map(hex) : null,
      measurements: bless
        ? bless.base_guest_launch_measurements[0].guest_launch_measurements[0].map((one) => ({
            measurement: hex(one.measurement[0]),
            ...labels(one.metadata),
          }))
        : null,
      nnsFunction: executed ? executed.nns_function : null,
      election: executed?.nns_function === 38 ? election(executed.payload) : null,
  };
};

const answers = [];
for (const asked of JSON.parse(readFileSync(0, 'utf8'))) {
  answers.push(await answer(asked).catch((error) => ({ refused: String(error?.message ?? error) })));
}
console.log(JSON.stringify(answers));
