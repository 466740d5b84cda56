from django.urls import URLPattern, URLResolver

app_name = "ml_training"
urlpatterns: list[URLPattern | URLResolver] = []
