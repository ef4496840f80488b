//! The header that says when to come back.

use std::time::{Duration, SystemTime};

/// How long to wait by `text`, seconds or an HTTP date; none if it says neither. A date that has passed is
/// no wait.
pub(crate) fn parse(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        let seconds = |text| parse(text, now).map(|wait| wait.as_secs_f64());
        assert_eq!(seconds(" 12 "), Some(12.0));
        assert_eq!(seconds("0.25"), Some(0.25));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(7.0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0.0));
        for text in ["", "soon", "-1", "NaN", "inf", "1e300"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
