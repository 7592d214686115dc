/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A tree of files that a test makes, for what otherwise reads "/". */
char *tree_new (void);
/* Gone with all that is in it; frees root. */
void tree_free (char *root);

void tree_put (const char *root, const char *path, const char *text);
void tree_put_bytes (const char *root, const char *path, const guint8 *data, gsize size);
/* A symbolic link to target, which need not be there. */
void tree_link (const char *root, const char *path, const char *target);
void tree_remove (const char *root, const char *path);

G_END_DECLS
