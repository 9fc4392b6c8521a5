#!/usr/bin/env bash
# One run on one node of a SLURM cluster.
#   sbatch slurm_run.sh agent=dqn env=ALE/Pong-v5
# Near its time limit the job saves, goes back into the queue, and goes on from there. So it does
# where SLURM takes its node away for a job that comes first. Many runs: docs/clusters.md, sweeps.
#SBATCH --job-name=rlbench
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --open-mode=append
#SBATCH --output=rlbench-%j.log
set -euo pipefail

# CHANGE: where rlbench is installed, in a folder that all nodes see.
source "$HOME/rlbench/.venv/bin/activate"

# The signal of #SBATCH --signal, 120 seconds before the end. SLURM then stops the run, which saves.
trap 'scontrol requeue "$SLURM_JOB_ID"' USR1

srun --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" python -m rlbench "$@" &
step=$!
while kill -0 "$step" 2>/dev/null; do # a trap ends `wait` before the step has ended
  wait "$step" && status=0 || status=$?
done
exit "${status:-0}"
