"""Label rides by density: find the rides of a day that are unlike the others.

It has the labels of a day (`rides`) and an estimator in scikit-learn's form (`estimator`), on top
of DBSCAN in the plane (`dbscan`). It works on arrays, and does not know the product's files,
settings and tables.
"""
