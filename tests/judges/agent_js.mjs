// Has dfinity's JavaScript agent verify a certificate and decode the proposal in it.
//
//   node agent_js.mjs CERTIFICATE ROOT_KEY_HEX CANISTER REQUEST
//
// CERTIFICATE and REQUEST are files that auditkit wrote. Prints one JSON document and exits with 0 when the agent
// accepts the certificate and it answers the request; anything else is an exception and exit status 1.
import { readFileSync } from 'node:fs';
import { Cbor, Certificate, LookupPathStatus, lookup_path, requestIdOf } from '@icp-sdk/core/agent';
import { IDL } from '@icp-sdk/core/candid';
import { Principal } from '@icp-sdk/core/principal';

// The agent wants arrays that own their memory, which node's Buffers do not.
const bytes = (source) => Uint8Array.from(source);
const hex = (source) => Buffer.from(source).toString('hex');

const [certificateFile, rootKeyHex, canisterText, requestFile] = process.argv.slice(2);
const canisterId = Principal.fromText(canisterText);

const certificate = await Certificate.create({
  certificate: bytes(readFileSync(certificateFile)),
  rootKey: bytes(Buffer.from(rootKeyHex, 'hex')),
  principal: { canisterId },
});

const { content } = Cbor.decode(bytes(readFileSync(requestFile)));
const requestId = bytes(requestIdOf(content));
const leaf = (name) => {
  const found = lookup_path(['request_status', requestId, name], certificate.cert.tree);
  if (found.status !== LookupPathStatus.Found) throw new Error(`${name} of the request: ${found.status}`);
  return bytes(found.value);
};

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
const ProposalInfo = IDL.Record({
  id: IDL.Opt(Id),
  status: IDL.Int32,
  topic: IDL.Int32,
  proposal: IDL.Opt(
    IDL.Record({ url: IDL.Text, title: IDL.Opt(IDL.Text), action: IDL.Opt(Action), summary: IDL.Text }),
  ),
});

const [reply] = IDL.decode([IDL.Opt(ProposalInfo)], leaf('reply'));
const info = reply[0];
const action = info?.proposal[0]?.action[0];
const bless = action?.BlessAlternativeGuestOsVersion;
const delegation = certificate.cert.delegation;
console.log(
  JSON.stringify({
    status: Buffer.from(leaf('status')).toString(),
    subnet: delegation ? Principal.fromUint8Array(bytes(delegation.subnet_id)).toText() : null,
    proposal: info ? info.id[0].id.toString() : null,
    proposalStatus: info ? info.status : null,
    action: action ? Object.keys(action)[0] : null,
    chipIds: bless ? bless.chip_ids[0].map(hex) : null,
    measurements: bless
      ? bless.base_guest_launch_measurements[0].guest_launch_measurements[0].map((one) => ({
          measurement: hex(one.measurement[0]),
          kernel_cmdline: one.metadata[0]?.kernel_cmdline[0] ?? null,
          vcpu_type: one.metadata[0]?.vcpu_type[0] ?? null,
        }))
      : null,
  }),
);
