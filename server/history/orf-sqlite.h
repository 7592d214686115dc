/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * SQLite for what is also built into orfeas.so: there all calls go through the table of functions
 * that the loading program gives (sqlite3_api, defined where the extension begins), which may have
 * another SQLite than the one we link.
 */
#ifdef ORF_LOADABLE
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif
