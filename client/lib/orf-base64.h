/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Without its end; 4 letters for 3 bytes. */
size_t orf_base64_get_length (size_t n_bytes);
/* text: room for the letters and a NUL. */
void orf_base64_encode (const void *data, size_t n_bytes, char *text);
/* In place; false: it is none. */
bool orf_base64_decode (char *text, size_t length, size_t *n_bytes);
