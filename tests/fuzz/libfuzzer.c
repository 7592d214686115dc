/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Beside a target that libFuzzer drives: g_error() ends in SIGTRAP, where libFuzzer keeps no input;
 * so it is made SIGABRT. */
#include <signal.h>
#include <stdlib.h>

int LLVMFuzzerInitialize (int *argc, char ***argv);

static void
trap_cb (int number)
{
  abort ();
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  signal (SIGTRAP, trap_cb);
  return 0;
}
