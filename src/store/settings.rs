//! Settings of the database as a whole.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;

use super::Store;
use crate::domain::company_link::CompanyLink;
use crate::domain::notify::NotifySettings;
use crate::domain::words::Words;
use crate::domain::zone::Zone;
use crate::error::damaged;

/// How long deliveries may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SendingLimits {
    /// Each step of a conversation with a server.
    pub step: Duration,
    /// The delivery of one message.
    pub message: Duration,
    /// All deliveries of one command.
    pub all: Duration,
}

/// The letterhead of reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReportSettings {
    pub title: Option<String>,
    /// The currency of all amounts: a code such as `EUR`, or a sign.
    pub currency: Option<String>,
    pub logo: Option<String>,
}

impl Default for SendingLimits {
    fn default() -> Self {
        let [step, message, all] = [15, 60, 300].map(Duration::from_secs);
        SendingLimits { step, message, all }
    }
}

impl Store {
    /// The words in tickets and invoices that have a meaning.
    pub(crate) fn words(&self) -> Result<Words> {
        let usual = Words::default();
        let list = |name: &str, usual: Vec<String>| -> Result<Vec<String>> {
            let set = self.setting(name)?;
            Ok(set.map_or(usual, |text| text.lines().map(str::to_owned).collect()))
        };
        Ok(Words {
            urgent: list("words.urgent", usual.urgent)?,
            settled: list("words.settled", usual.settled)?,
        })
    }

    /// Sets the words in tickets and invoices that have a meaning.
    pub(crate) fn save_words(&self, words: &Words) -> Result<()> {
        let usual = Words::default();
        let list = |words: &Vec<String>, usual: Vec<String>| {
            Some(words.join("\n")).filter(|_| *words != usual)
        };
        self.put_setting("words.urgent", list(&words.urgent, usual.urgent).as_deref())?;
        self.put_setting("words.settled", list(&words.settled, usual.settled).as_deref())
    }

    /// The value of a setting; `None` if it was never set.
    pub(crate) fn setting(&self, name: &str) -> Result<Option<String>> {
        let sql = "SELECT value FROM settings WHERE name = ?1";
        self.read_first(sql, [name], |row| row.get("value"))
    }

    /// Sets the time zone of the database. Must be called before events are imported.
    pub(crate) fn set_zone(&mut self, zone: Zone) -> Result<()> {
        self.put_setting("timezone", Some(zone.name()))?;
        self.zone = zone;
        Ok(())
    }

    /// How people are notified, with defaults for what was never set.
    ///
    /// # Errors
    /// A value that this program never writes.
    pub(crate) fn notify_settings(&self) -> Result<NotifySettings> {
        let usual = NotifySettings::default();
        let hours = match self.setting("notify.grace_hours")? {
            Some(text) => text
                .parse()
                .map_err(|_| damaged("the setting notify.grace_hours is not a number"))?,
            None => usual.grace_hours,
        };
        Ok(NotifySettings {
            from: self.setting("notify.from")?,
            grace_hours: hours,
            smtp_url: self.parsed_setting("notify.smtp_url")?.unwrap_or(usual.smtp_url),
            slack_webhook: self
                .parsed_setting("notify.slack_webhook")?
                .unwrap_or(usual.slack_webhook),
        })
    }

    /// Sets how people are notified. Where a secret comes from is stored; the secret is not.
    pub(crate) fn save_notify_settings(&self, settings: &NotifySettings) -> Result<()> {
        self.put_setting("notify.from", settings.from.as_deref())?;
        self.put_setting("notify.grace_hours", Some(&settings.grace_hours.to_string()))?;
        self.put_setting("notify.smtp_url", Some(&settings.smtp_url.to_string()))?;
        self.put_setting("notify.slack_webhook", Some(&settings.slack_webhook.to_string()))
    }

    /// The letterhead of reports.
    pub(crate) fn report_settings(&self) -> Result<ReportSettings> {
        Ok(ReportSettings {
            title: self.setting("report.title")?,
            currency: self.setting("report.currency")?,
            logo: self.setting("report.logo")?,
        })
    }

    /// Sets the letterhead of reports.
    pub(crate) fn save_report_settings(&self, settings: &ReportSettings) -> Result<()> {
        self.put_setting("report.title", settings.title.as_deref())?;
        self.put_setting("report.currency", settings.currency.as_deref())?;
        self.put_setting("report.logo", settings.logo.as_deref())
    }

    /// The template of links to companies in another product.
    ///
    /// # Errors
    /// A value that this program never writes.
    pub(crate) fn company_link(&self) -> Result<Option<CompanyLink>> {
        self.parsed_setting("links.company")
    }

    fn parsed_setting<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>> {
        let parsed = self.setting(name)?.map(|text| text.parse()).transpose();
        parsed.map_err(|error| damaged(format!("the setting {name}: {error}")).into())
    }

    /// Sets the template of links to companies in another product.
    pub(crate) fn save_company_link(&self, link: Option<&CompanyLink>) -> Result<()> {
        self.put_setting("links.company", link.map(ToString::to_string).as_deref())
    }

    fn put_setting(&self, name: &str, value: Option<&str>) -> Result<()> {
        match value {
            Some(value) => self.execute(
                "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [name, value],
            ),
            None => self.execute("DELETE FROM settings WHERE name = ?1", [name]),
        }
    }

    /// How long deliveries may take. Only tests set it, as three numbers of milliseconds, to test
    /// hanging servers without waiting for minutes.
    pub(crate) fn sending_limits(&self) -> Result<SendingLimits> {
        let text = self.setting("notify.limits_ms")?.unwrap_or_default();
        let numbers: Vec<u64> =
            text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        Ok(match numbers[..] {
            [step, message, all] => {
                let [step, message, all] = [step, message, all].map(Duration::from_millis);
                SendingLimits { step, message, all }
            }
            _ => SendingLimits::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notify::SecretSource;
    use crate::store::Permissions;

    #[test]
    fn settings_of_reports_and_links_come_back_as_they_were_set() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create_or_open(&folder.path().join("s.db"), Permissions::Owner).unwrap();
        assert_eq!(store.report_settings().unwrap(), ReportSettings::default());
        assert_eq!(store.company_link().unwrap(), None);
        let settings = ReportSettings {
            title: Some("Acme".to_owned()),
            currency: Some("EUR".to_owned()),
            logo: None,
        };
        store.save_report_settings(&settings).unwrap();
        assert_eq!(store.report_settings().unwrap(), settings);
        let link: CompanyLink = "https://crm.example/{company_id}".parse().unwrap();
        store.save_company_link(Some(&link)).unwrap();
        assert_eq!(store.company_link().unwrap(), Some(link));
    }

    #[test]
    fn settings_of_notifications_come_back_as_they_were_set() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create_or_open(&folder.path().join("s.db"), Permissions::Owner).unwrap();
        assert_eq!(store.notify_settings().unwrap(), NotifySettings::default());
        let settings = NotifySettings {
            from: Some("signals@example.com".to_owned()),
            grace_hours: 4,
            smtp_url: SecretSource::Variable("MAIL".to_owned()),
            slack_webhook: SecretSource::File("/run/secrets/slack".into()),
        };
        store.save_notify_settings(&settings).unwrap();
        assert_eq!(store.notify_settings().unwrap(), settings);
        store.save_notify_settings(&NotifySettings { from: None, ..settings.clone() }).unwrap();
        assert_eq!(store.notify_settings().unwrap().from, None);
    }
}
