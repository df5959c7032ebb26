"""What every provider of meetings must do; each provider runs this against its sandbox.

Subclass, and give a fixture `meetings` with a connected client.
"""

from datetime import UTC, datetime, timedelta

import pytest

from koalendar.connections.provider import Gone, MeetingProvider, Reason, Rejected
from koalendar.connections.tests.makers import MARKER, make_spec

START = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=200)
OTHER_MARKER = "ref:ZYXWVUTSRQ765432ABCD"


class MeetingContract:
    """Behaviour that the worker relies on."""

    def test_a_meeting_is_made_as_asked(self, meetings: MeetingProvider) -> None:
        meeting = meetings.create(make_spec(start=START, duration=45))
        assert (meeting.start, meeting.duration, meeting.marker) == (START, 45, MARKER)
        assert meeting.topic == "Intro call with Ina"
        assert meeting.join_url.startswith("https://")
        assert meetings.read(meeting.remote_id) == meeting

    def test_two_meetings_never_share_a_link(self, meetings: MeetingProvider) -> None:
        first, second = meetings.create(make_spec(start=START)), meetings.create(make_spec(start=START))
        assert first.remote_id != second.remote_id
        assert first.join_url != second.join_url

    def test_a_meeting_far_ahead_is_found_by_its_marker(self, meetings: MeetingProvider) -> None:
        meeting = meetings.create(make_spec(start=START, agenda="x" * 3000))
        meetings.create(make_spec(start=START, marker=OTHER_MARKER))
        assert [found.remote_id for found in meetings.find(MARKER)] == [meeting.remote_id]

    def test_what_was_never_made_is_not_found(self, meetings: MeetingProvider) -> None:
        assert meetings.find(MARKER) == []

    def test_an_update_moves_the_same_meeting_and_keeps_its_link(self, meetings: MeetingProvider) -> None:
        before = meetings.create(make_spec(start=START))
        later = START + timedelta(hours=3)
        after = meetings.update(before.remote_id, make_spec(start=later, duration=60, topic="Moved"))
        assert (after.start, after.duration, after.topic) == (later, 60, "Moved")
        assert (after.remote_id, after.join_url) == (before.remote_id, before.join_url)

    def test_repeating_an_update_changes_nothing(self, meetings: MeetingProvider) -> None:
        meeting = meetings.create(make_spec(start=START))
        once = meetings.update(meeting.remote_id, make_spec(start=START, topic="Moved"))
        assert meetings.update(meeting.remote_id, make_spec(start=START, topic="Moved")) == once

    def test_a_deleted_meeting_is_gone_and_may_be_deleted_again(self, meetings: MeetingProvider) -> None:
        meeting = meetings.create(make_spec(start=START))
        meetings.delete(meeting.remote_id)
        meetings.delete(meeting.remote_id)
        assert meetings.find(MARKER) == []
        with pytest.raises(Gone):
            meetings.read(meeting.remote_id)
        with pytest.raises(Gone):
            meetings.update(meeting.remote_id, make_spec(start=START))

    def test_a_start_that_has_passed_is_refused(self, meetings: MeetingProvider) -> None:
        with pytest.raises(Rejected) as error:
            meetings.create(make_spec(start=datetime.now(UTC) - timedelta(minutes=1)))
        assert error.value.code == Reason.PAST_START
        assert meetings.find(MARKER) == []

    @pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"])
    def test_the_zone_is_for_show_and_moves_nothing(self, meetings: MeetingProvider, zone: str) -> None:
        meeting = meetings.create(make_spec(start=START, zone=zone))
        assert (meeting.start, meeting.zone) == (START, zone)

    @pytest.mark.parametrize("text", ["", "x" * 4000, "😀" * 1500, "a\x00b\r\nc", "<b>&amp;", "日本語の会議"])
    def test_any_text_will_do(self, meetings: MeetingProvider, text: str) -> None:
        meeting = meetings.create(make_spec(start=START, topic=text, agenda=text))
        assert [found.remote_id for found in meetings.find(MARKER)] == [meeting.remote_id]

    def test_the_account_has_an_id_and_a_start_link_leads_to_the_meeting(
        self, meetings: MeetingProvider
    ) -> None:
        assert meetings.me().remote_user_id
        meeting = meetings.create(make_spec(start=START))
        assert meetings.start_url(meeting.remote_id).startswith("https://")
