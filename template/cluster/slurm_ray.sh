#!/usr/bin/env bash
# One run on several nodes of a SLURM cluster: Ray on all of them, rlbench on the first.
#   sbatch slurm_ray.sh agent=es env=Humanoid-v5 budget.train_seconds=10000
# Near its time limit the job saves, goes back into the queue, and goes on from there. So it does
# where SLURM takes its nodes away for a job that comes first. It has whole nodes (--exclusive): at
# its end Ray ends whatever Ray this user has on them.
#SBATCH --job-name=rlbench
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --exclusive
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --open-mode=append
#SBATCH --output=rlbench-%j.log
set -euo pipefail

# CHANGE: where rlbench with its extra ray is installed, in a folder that all nodes see.
source "$HOME/rlbench/.venv/bin/activate"

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 20000))

# The signal of #SBATCH --signal, 120 seconds before the end. SLURM then stops the run, which saves.
trap 'scontrol requeue "$SLURM_JOB_ID"' USR1

# By default Ray's workers have a lower priority than everything else on their node.
export RAY_worker_niceness=0

srun --ntasks="$SLURM_JOB_NUM_NODES" --cpus-per-task="$SLURM_CPUS_PER_TASK" \
  ray symmetric-run --address="$head:$port" --min-nodes="$SLURM_JOB_NUM_NODES" \
  --num-cpus="$SLURM_CPUS_PER_TASK" -- \
  python -m rlbench "$@" executor=ray executor.address=auto &
step=$!
while kill -0 "$step" 2>/dev/null; do # a trap ends `wait` before the step has ended
  wait "$step" && status=0 || status=$?
done
exit "${status:-0}"
