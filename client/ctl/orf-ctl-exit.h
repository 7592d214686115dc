/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How the program ends.  Scripts rely on these numbers. */
typedef enum {
  ORF_CTL_DONE = 0,
  ORF_CTL_SERVER_ERROR = 1, /* the server answered an error */
  ORF_CTL_USAGE = 2,
  ORF_CTL_NO_CONNECTION = 3,
  ORF_CTL_DEADLINE = 4,     /* ours passed, or the server says that it did */
  ORF_CTL_CHECK_FAILED = 5, /* the answer came, and it is bad news */
} OrfCtlExit;
