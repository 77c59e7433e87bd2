// Verifies one DSSE envelope with @sigstore/verify: node sigstore_verify.mjs ENVELOPE.json PUBLIC_KEY.pem KEYID
// The key is looked up by the key id in the envelope, as sigstore does for keys that no certificate speaks for.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";
import { Verifier, toSignedEntity, toTrustMaterial } from "@sigstore/verify";

const [envelopeFile, keyFile, keyId] = process.argv.slice(2);
const envelope = JSON.parse(readFileSync(envelopeFile, "utf8"));
const key = createPublicKey(readFileSync(keyFile));

const bundle = bundleFromJSON({
  mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: { publicKey: { hint: envelope.signatures[0].keyid } },
  dsseEnvelope: envelope,
});
const roots = { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
const material = toTrustMaterial(roots, (hint) => {
  if (hint !== keyId) throw new Error(`unknown key ${hint}`);
  return { publicKey: key, validFor: () => true };
});
const verifier = new Verifier(material, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0, tsaThreshold: 0 });
verifier.verify(toSignedEntity(bundle));
if (envelope.payloadType !== "application/vnd.in-toto+json") throw new Error("another payload type");
console.log(Buffer.from(envelope.payload, "base64").toString());
