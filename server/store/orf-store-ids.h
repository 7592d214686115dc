/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* 2^52.  An id beyond it is of a damaged row: none could come after it, and where rows are kept by
 * number all others would be too many. */
#define ORF_STORE_ID_BOUND "4503599627370496"

/* The largest id of a table; 0: it has none. */
#define ORF_STORE_MAX_ID_SQL(table)                                                                \
  "SELECT coalesce(max(id), 0) FROM " table " WHERE id < " ORF_STORE_ID_BOUND
