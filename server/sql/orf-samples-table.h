/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-sqlite.h"

/*
 * The table samples(series_id, name, labels, t_us, value): every sample of the file, packed or not,
 * one a series and t_us.  Eponymous: it is there as soon as it is registered.  What is asked of
 * series_id, name, labels and t_us is looked up, and rows come by series_id, t_us.  Returns
 * SQLite's code.
 */
int orf_samples_table_register (sqlite3 *db);
