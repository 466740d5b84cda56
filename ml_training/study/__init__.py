"""Turn labelled setups and settings into a served model, its evaluation and a report.

Nothing is imported here: `ml_training.study.run` pulls in torch, progress does not.
"""
