"""Labels of rides by density: which of a day's rides have no like.

Hands out the labels of a day (`rides`) and an estimator in scikit-learn's form (`estimator`), on
top of DBSCAN in the plane (`dbscan`). Knows arrays, and nothing of the product: no file, no
setting, no table.
"""
