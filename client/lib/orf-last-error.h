/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>
#include <orfeas/error.h>

/* Both note it for the calling thread, and return its status. */

/* Our own finding: INVALID is INVALID_ARGUMENT, TIMEOUT DEADLINE_EXCEEDED, NO_MEMORY
 * RESOURCE_EXHAUSTED, all else UNAVAILABLE. */
OrfStatus orf_last_error_note (OrfStatus status, const char *message);
/* error: of a JSON-RPC answer. */
OrfStatus orf_last_error_note_answer (const json_t *error);
