import pytest

from landmark_emotion.sources.addresses import without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://anna:secret@camera.local/live", "rtsp://camera.local/live"),
        ("http://anna:a@b@10.0.0.2:81/x?y=@", "http://10.0.0.2:81/x?y=@"),
        ("http://anna@[::1]:81/x", "http://[::1]:81/x"),
        ("rtsp://anna:se/cret@camera/live", "rtsp://camera/live"),
        ("rtsp://anna:se#cr@et@camera/live", "rtsp://camera/live"),
        ("http://camera/video?user=anna&password=secret", "http://camera/video"),
        ("http://camera/v?ch=1&PWD=secret&usr=anna&size=2", "http://camera/v?ch=1&size=2"),
        ("http://camera/v?access_token=secret", "http://camera/v"),
        ("http://camera/v?loginuse=anna&loginpas=secret", "http://camera/v"),
        ("http://disk/v.mp4?X-Amz-Credential=a&X-Amz-Signature=b", "http://disk/v.mp4"),
        ("rtsp://10.0.0.2:554/user=anna_password=secret_channel=1", "rtsp://10.0.0.2:554/"),
    ],
)
def test_credentials_are_removed(address, shown):
    assert without_password(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "http://host?mail=a@b.c",
        "http://host:81?mail=a@b.c",
        "http://10.0.0.2/a@b",
        "http://[::1]:80/a@b?keyframe=1",
        "clips/a@b.mp4",
        "C:\\clips\\a@b.mp4",
        "0",
    ],
)
def test_everything_else_stays(address):
    assert without_password(address) == address
