// Verifies DSSE envelopes with @sigstore/verify. In: a JSON list of {envelope, key (PEM), keyId}. Out: a JSON list with
// the payload of each that is accepted, and {refused: reason} for each other.
// The key is looked up by the key id in the envelope, as sigstore does for keys that no certificate speaks for.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";
import { Verifier, toSignedEntity, toTrustMaterial } from "@sigstore/verify";

const payload = ({ envelope, key: pem, keyId }) => {
  const key = createPublicKey(pem);
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
  const none = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0, tsaThreshold: 0 };
  new Verifier(material, none).verify(toSignedEntity(bundle));
  if (envelope.payloadType !== "application/vnd.in-toto+json") throw new Error("another payload type");
  return Buffer.from(envelope.payload, "base64").toString();
};

const answers = JSON.parse(readFileSync(0, "utf8")).map((asked) => {
  try {
    return payload(asked);
  } catch (error) {
    return { refused: error.message };
  }
});
console.log(JSON.stringify(answers));
