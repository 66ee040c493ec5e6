#!/bin/bash
# Everything that a GPU can say of croco, in one Markdown report. Run it where a card is:
#
#   bench/gpu.sh [--quick] [--python VENV/bin/python] [--peer-device cpu] [MODEL]
#
# MODEL is the folder of a small language model, for generation and training. croco is built with GPU support where it is not there, and
# every operation is checked against the reference: on a device that computes something else nothing is measured. PyTorch,
# Transformers, TRL and vLLM are measured beside as far as the Python has them. --quick takes tiny sizes and one round, to see that the
# script works: with --peer-device cpu it does so on the emulated driver, after eval "$(make -s cuda-env)".
# The report is gpu-report.md; nothing else is written.
set -u -o pipefail
cd "$(dirname "$0")/.."
python=python3 model='' quick='' rest=()
while [ $# -gt 0 ]; do
  case $1 in
  --quick) quick=1 rest+=(--quick --rounds 1) ;;
  --python) python=$2; shift ;;
  --peer-device) rest+=("$1" "$2"); shift ;;
  -*) echo "gpu.sh: $1 is unknown: see the head of the script" >&2; exit 2 ;;
  *) model=$1 ;;
  esac
  shift
done
export CUDA_VISIBLE_DEVICES="${CUDA_VISIBLE_DEVICES:-0}" # one GPU, the same for all
croco() { "${CROCO:-bin/croco}" -q --device cuda "$@"; }
gpus() { "${CROCO:-bin/croco}" env 2>/dev/null | grep '^gpu'; }
[ -n "$(gpus)" ] || make gpu || exit 1
case "$(gpus)" in "gpu 0"*) ;; *) gpus >&2; exit 1 ;; esac
report=gpu-report.md
echo "# croco on a GPU" >"$report"
part() { # a heading, and a command whose output belongs under it, as it is
  printf '\n## %s\n\n```\n' "$1" | tee -a "$report"
  shift
  "$@" 2>&1 | tee -a "$report"
  local status=$?
  echo '```' | tee -a "$report"
  return $status
}
part "The machine" "${CROCO:-bin/croco}" env
command -v nvidia-smi >/dev/null &&
  part "nvidia-smi" nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv
for dtype in bfloat16 float32; do
  if ! part "Every operation against the reference, $dtype" croco --dtype $dtype verify device; then
    echo "gpu.sh: the device computes something else than the reference: nothing is measured; see $report" >&2
    exit 1
  fi
  [ -z "$quick" ] || break
done
if [ -n "$model" ]; then
  part "Exactness" croco verify exact --model "$model" || exit 1
  CROCO_LINEAR=cublaslt part "Exactness with cuBLASLt, which nobody promises" croco verify exact --model "$model"
fi
printf '\n## Speed\n' | tee -a "$report"
python3 bench/gpu.py ${model:+"$model"} --croco "${CROCO:-bin/croco}" --python "$python" "${rest[@]}" | tee -a "$report" || exit 1
[ -n "$quick" ] || part "All operations, at the sizes of a small model" croco bench ops
echo "written: $report"
