"""The no-code builder: a form that says what the JSON grammar of rules says.

`read` turns a sent form into a document, `layout` a document into rows of a form. What
is wrong stays as it was typed, so that the grammar's own checks can say so.
"""
