#!/bin/sh
# Everything that a GPU can say of croco, in one report. Run it where a card is:
#
#   bench/gpu.sh [MODEL]        MODEL: folder of a small language model, for generation and training
#
# It builds bin/croco with GPU support where that is not there, checks every operation against the reference, and measures. With
# PyTorch installed, PyTorch is measured beside. The report is gpu-report.txt; nothing else is written.
set -u
cd "$(dirname "$0")/.."
[ -x bin/croco ] && bin/croco env | grep -q '^gpu' || make gpu || exit 1
report=gpu-report.txt
: >"$report"

part() { # a heading, and a command whose output belongs under it
  printf '\n## %s\n\n' "$1" | tee -a "$report"
  shift
  "$@" 2>&1 | tee -a "$report"
}
croco() { bin/croco -q --device cuda "$@"; }

part "the machine" bin/croco env
command -v nvidia-smi >/dev/null && part "nvidia-smi" nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit --format=csv
for dtype in bfloat16 float32; do
  part "every operation against the reference, $dtype" croco --dtype $dtype verify device
  part "speed of operations, $dtype" croco --dtype $dtype bench ops
done
model=${1:-}
if [ -n "$model" ]; then
  part "exactness" croco verify exact --model "$model"
  part "generation" croco bench generate --model_name_or_path "$model"
  part "DPO" croco bench dpo --model_name_or_path "$model"
fi
if python3 -c 'import torch; raise SystemExit(not torch.cuda.is_available())' 2>/dev/null; then
  for dtype in bfloat16 float32; do
    part "PyTorch beside, $dtype" python3 bench/peers/peer_torch_gpu.py --dtype $dtype
  done
else
  part "PyTorch beside" echo "not measured: python3 has no torch that finds a GPU"
fi
echo "written: $report"
