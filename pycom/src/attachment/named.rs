//! The attachments of one call or reply, by name.

use std::borrow::Cow;

use super::Attachment;

/// None, mostly; one, often; several, now and then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attachments(Vec<Entry>);

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Empty where nobody has named it: it is the only one, and travels without a name in one frame.
    pub(crate) name: Cow<'static, str>,
    pub(crate) attachment: Attachment,
    /// It is the one that is meant where a frame comes without a name.
    pub(crate) implied: bool,
}

impl Attachments {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Those with and without a name, in their order.
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.0
    }

    /// The first, whatever its name.
    pub(crate) fn first(&self) -> Option<&Attachment> {
        self.entries().first().map(|entry| &entry.attachment)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Attachment> {
        self.entries().iter().find(|entry| entry.name == name).map(|entry| &entry.attachment)
    }

    /// Whether all of them can be read again.
    pub(crate) fn are_rewindable(&self) -> bool {
        self.0.iter().all(|entry| entry.attachment.is_rewindable())
    }

    /// Tells who watches that they have gone whole, with their call or its reply.
    pub(crate) fn gone_in_frame(&self) {
        for entry in &self.0 {
            entry.attachment.progressed(entry.attachment.size().unwrap_or_default());
        }
    }

    /// Adds one, or replaces the one of this name.
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>, attachment: Attachment, implied: bool) {
        let name = name.into();
        match self.0.iter_mut().find(|entry| entry.name == name) {
            Some(entry) => entry.attachment = attachment,
            None => self.0.push(Entry { name, attachment, implied }),
        }
    }

    /// Puts one in the place of all.
    pub(crate) fn set_only(&mut self, attachment: Option<Attachment>) {
        match attachment {
            // A hook that replaces it means the one that is there.
            Some(attachment) => {
                let first = std::mem::take(&mut self.0).into_iter().next();
                let (name, implied) = first.map_or((Cow::Borrowed(""), true), |entry| (entry.name, entry.implied));
                self.set(name, attachment, implied);
            }
            None => self.0.clear(),
        }
    }

    /// Gives the one without a name the name that it is declared under.
    pub(crate) fn name_the_first(&mut self, declared: impl FnOnce() -> Option<Cow<'static, str>>) {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.name.is_empty())
            && let Some(name) = declared()
        {
            entry.name = name;
        }
    }
}
