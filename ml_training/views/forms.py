"""Forms that are plain enough for Django's own fields."""

from typing import Any

from django import forms

LARGEST_SEED = 2**63 - 1  # what the column holds
MOST_EPOCHS = 10_000  # chosen: a day of training; early stopping ends long before


class TrainForm(forms.Form):
    """What may be chosen about a run; an empty field means the default."""

    start_date = forms.DateField(required=False)
    end_date = forms.DateField(required=False)
    epochs = forms.IntegerField(required=False, min_value=1, max_value=MOST_EPOCHS)
    batch_size = forms.IntegerField(required=False, min_value=2, max_value=65_536)
    learning_rate = forms.FloatField(required=False, min_value=1e-9, max_value=100.0)
    seed = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_SEED)
    use_transfer_learning = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse a time that ends before it begins."""
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("start_date"), cleaned.get("end_date")
        if start and end and start >= end:
            raise forms.ValidationError(
                f"The start must lie before the end, got {start} and {end}."
            )
        return cleaned

    def as_settings(self) -> dict[str, Any]:
        """Return what was chosen, in the names of a run's settings."""
        chosen = {name: value for name, value in self.cleaned_data.items() if value is not None}
        for name in ("start_date", "end_date"):
            if name in chosen:
                chosen[name] = chosen[name].isoformat()
        if chosen.get("use_transfer_learning"):
            del chosen["use_transfer_learning"]  # it is the default
        return chosen


def list_errors(form: forms.Form) -> list[str]:
    """Return what is wrong with a form, one line per field."""
    told = {name: " ".join(str(error) for error in errors) for name, errors in form.errors.items()}
    general = told.pop("__all__", "")
    lines = [f"{name.replace('_', ' ')}: {error}" for name, error in told.items()]
    return [general, *lines] if general else lines
