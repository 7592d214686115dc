/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <orfeas/types.h>

const char *
orf_status_to_string (OrfStatus status)
{
  switch (status) {
  case ORF_STATUS_OK:
    return "done";
  case ORF_STATUS_INVALID:
    return "invalid argument";
  case ORF_STATUS_NO_MEMORY:
    return "no memory";
  case ORF_STATUS_TIMEOUT:
    return "not in time";
  case ORF_STATUS_FAILED:
    break;
  }
  return "failed";
}
