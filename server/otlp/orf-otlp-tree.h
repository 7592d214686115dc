/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-arena.h"

G_BEGIN_DECLS

/*
 * A JSON text as a tree in an arena, read strictly (RFC 8259, valid UTF-8, no NUL): a quarter of
 * the time that jansson takes, which has a hash table for each object.  Texts that have no escape
 * are not copied: the text outlives the tree.  Pure.
 */
typedef enum {
  ORF_OTLP_NODE_NULL,
  ORF_OTLP_NODE_FALSE,
  ORF_OTLP_NODE_TRUE,
  ORF_OTLP_NODE_INTEGER, /* a number without point and exponent */
  ORF_OTLP_NODE_REAL,
  ORF_OTLP_NODE_STRING,
  ORF_OTLP_NODE_ARRAY,
  ORF_OTLP_NODE_OBJECT,
} OrfOtlpNodeType;

/* Lengths in bytes; nothing is ended by a NUL. */
typedef struct _OrfOtlpNode OrfOtlpNode;
struct _OrfOtlpNode {
  OrfOtlpNodeType type;
  guint n_children;
  const char *key;  /* of a member of an object */
  const char *text; /* of a string, without its quotes and escapes; of a number */
  gsize key_length, length;
  OrfOtlpNode *first, *next; /* child, sibling */
};

/* Deeper texts are refused: an attribute of ORF_OTLP_MAX_DEPTH lists is a third of this. */
#define ORF_OTLP_TREE_MAX_DEPTH 256

/* NULL: PARSE_ERROR with the byte, or RESOURCE_EXHAUSTED: the arena may not become so large. */
OrfOtlpNode *
orf_otlp_tree_parse (OrfOtlpArena *arena, const char *text, gsize length, GError **error);

/* The member of this name, of several the last; NULL: there is none, or node is no object (or
 * NULL).
 */
const OrfOtlpNode *orf_otlp_node_get (const OrfOtlpNode *node, const char *key);
gboolean orf_otlp_node_has_key (const OrfOtlpNode *node, const char *key);
/* The same as no such member. */
gboolean orf_otlp_node_is_null (const OrfOtlpNode *node);
gboolean orf_otlp_node_is (const OrfOtlpNode *node, OrfOtlpNodeType type);

G_END_DECLS
