/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Eigenvalues and -vectors of a symmetric matrix, by Jacobi's rotations (C. G. J. Jacobi, 1846; the
 * cyclic form as in G. H. Golub, C. F. Van Loan, "Matrix Computations", 8.5).  Pure; for tens of
 * rows.
 */
/* matrix: n * n, symmetric; becomes diagonal, with the eigenvalues on it, in no order.  vectors:
 * n * n, of which row k becomes the vector of value k. */
void orf_eigen_solve (double *matrix, double *vectors, guint n);

G_END_DECLS
