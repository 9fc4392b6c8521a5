"""What all tests share. BLAS is held to one thread before anything imports NumPy, as in a run."""

import os
import signal

from hypothesis import settings

from rlbench.harness.threads import one_thread_each

one_thread_each()
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# A job in the background of a shell ignores Ctrl-C, one under nohup the end of its terminal,
# and so would all that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# On a machine that others use too, how long one example takes says nothing.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
