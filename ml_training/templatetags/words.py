"""The words of charts and pages as filters of templates."""

from django import template

from ml_training.charts import words

register = template.Library()
for each in (
    words.words,
    words.number,
    words.day,
    words.percent,
    words.r_multiple,
    words.duration,
    words.file_size,
    words.short,
    words.pretty_json,
    words.at,
):
    register.filter(each.__name__, each)
