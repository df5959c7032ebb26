"""Signing up, where somebody else may be faster."""

from allauth.account.views import SignupView as AllauthSignupView
from django.http import HttpResponse

from koalendar.web.dashboard.forms import Overtaken, SignupForm


class SignupView(AllauthSignupView):
    """The page of allauth, which shows the form again to whoever was overtaken."""

    def form_valid(self, form: SignupForm) -> HttpResponse:
        try:
            answer: HttpResponse = super().form_valid(form)
        except Overtaken:
            answer = self.form_invalid(form)
        return answer
