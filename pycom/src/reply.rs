//! The outcome of a call on its way back: what hooks see, and what methods may return.

use crate::attachment::Attachments;
use crate::error::Error;
use crate::wire::{Extensions, ReplyWriter};
use crate::{Attachment, Json};

/// A value with what goes beside it: return it from a method that sends an attachment or
/// extensions without having declared them.
///
/// ```
/// use pycom::{Attachment, Response};
/// let response = Response::new("the value").attachment(Attachment::from(vec![0, 255]));
/// # let _ = response;
/// ```
#[derive(Debug, Clone)]
pub struct Response<T> {
    /// The value.
    pub value: T,
    /// The attachment; of several, the first.
    pub attachment: Option<Attachment>,
    /// Further attachments, by name.
    pub named: Vec<(String, Attachment)>,
    /// The extensions.
    pub extensions: Extensions,
}

impl<T> Response<T> {
    /// A value and nothing beside it.
    pub fn new(value: T) -> Self {
        Self { value, attachment: None, named: Vec::new(), extensions: Extensions::new() }
    }

    /// Adds an attachment, or none.
    #[must_use]
    pub fn attachment(mut self, attachment: impl Into<Option<Attachment>>) -> Self {
        self.attachment = attachment.into();
        self
    }

    /// Adds an attachment under a name. Several take a caller that knows of them; the originals do not.
    #[must_use]
    pub fn named_attachment(mut self, name: impl Into<String>, attachment: impl Into<Attachment>) -> Self {
        self.named.push((name.into(), attachment.into()));
        self
    }

    /// Adds extensions.
    #[must_use]
    pub fn extensions(mut self, extensions: Extensions) -> Self {
        self.extensions = extensions;
        self
    }
}

#[derive(Debug)]
enum Body {
    /// Written by a method: already inside the frame it goes out in.
    Written(ReplyWriter),
    /// Received, or made by a hook.
    Result(Json),
    Failed(Error),
}

/// The outcome of a call: a result or an error, and what goes beside it.
///
/// ```
/// use pycom::{Error, Json, Reply};
/// let reply = Reply::result(Json::from_value(&42)?);
/// assert_eq!(reply.code(), 0);
/// assert_eq!(Reply::failed(Error::access_denied("not today")).code(), 5);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct Reply {
    body: Body,
    pub(crate) attachments: Attachments,
    pub(crate) extensions: Extensions,
}

impl Reply {
    pub(crate) fn empty() -> Self {
        Self { body: Body::Result(Json::NULL), attachments: Attachments::default(), extensions: Extensions::new() }
    }

    /// A result.
    pub fn result(json: Json) -> Self {
        Self { body: Body::Result(json), ..Self::empty() }
    }

    /// An error.
    pub fn failed(error: impl Into<Error>) -> Self {
        Self { body: Body::Failed(error.into()), ..Self::empty() }
    }

    pub(crate) fn written(mut self, writer: ReplyWriter) -> Self {
        self.body = Body::Written(writer);
        self
    }

    /// 0 for a result, the error's code otherwise; 1 for an error that has none.
    pub fn code(&self) -> i64 {
        match &self.body {
            Body::Failed(error) => error.code().unwrap_or(crate::error::code::UNKNOWN),
            _ => 0,
        }
    }

    /// The error, if it is one.
    pub fn error(&self) -> Option<&Error> {
        match &self.body {
            Body::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The result, if it is one.
    pub fn json(&self) -> Option<Json> {
        match &self.body {
            Body::Written(writer) => Some(Json::from_checked(bytes::Bytes::copy_from_slice(writer.result_text()))),
            Body::Result(json) => Some(json.clone()),
            Body::Failed(_) => None,
        }
    }

    /// The attachment; of several, the first.
    pub fn attachment(&self) -> Option<&Attachment> {
        self.attachments.first()
    }

    /// The attachment of this name.
    pub fn attachment_named(&self, name: &str) -> Option<&Attachment> {
        self.attachments.get(name)
    }

    /// Sets the attachment in the place of all, or removes them.
    pub fn set_attachment(&mut self, attachment: Option<Attachment>) {
        self.attachments.set_only(attachment);
    }

    /// The extensions.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The extensions, to be changed.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// As a `Result` whose value is still raw.
    ///
    /// # Errors
    ///
    /// The reply's own error.
    pub fn into_result(self) -> Result<Json, Error> {
        match self.body {
            Body::Written(writer) => Ok(Json::from_checked(bytes::Bytes::copy_from_slice(writer.result_text()))),
            Body::Result(json) => Ok(json),
            Body::Failed(error) => Err(error),
        }
    }

    /// The writer of the frame it goes out in, or the error.
    pub(crate) fn into_writer(self) -> (Result<ReplyWriter, Error>, Extensions) {
        let writer = match self.body {
            Body::Written(writer) => Ok(writer),
            Body::Result(json) => {
                let mut writer = ReplyWriter::new();
                writer.raw_result(json.as_str().as_bytes());
                Ok(writer)
            }
            Body::Failed(error) => Err(error),
        };
        (writer, self.extensions)
    }
}
