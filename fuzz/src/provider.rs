//! The provider over an API that answers whatever the bytes say.

use std::sync::{Arc, Mutex, PoisonError};

use cloudflare::{Answer, SendError};
use framework::{
    AnyDataSource, AnyListResource, AnyResource, Configured, Diagnostics, Function, Host, Provider,
};
use terraform_provider_aop::provider::{Aop, Config};
use terraform_provider_aop::resources::{Api, Settings};

use crate::answers::{Answers, now};

/// The provider, but for its way to the API.
pub(crate) struct Fuzzed {
    aop: Aop,
    answers: Arc<Mutex<Vec<Result<Answer, SendError>>>>,
}

impl Fuzzed {
    /// Its API gives these answers.
    pub(crate) fn new(answers: Vec<Result<Answer, SendError>>) -> Self {
        let aop = Aop {
            env: |name| (name == "CLOUDFLARE_API_TOKEN").then(|| "token".to_owned()),
            clock: now,
            seed: 7,
        };
        let answers = Arc::new(Mutex::new(answers));
        Self { aop, answers }
    }
}

impl Provider for Fuzzed {
    type Config = Config;
    type Api = Api;
    type Settings = Settings;
    const DOC: &'static str = Aop::DOC;

    fn resources(&self) -> Vec<Box<dyn AnyResource<Api, Settings>>> {
        self.aop.resources()
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Api>>> {
        self.aop.data_sources()
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<Api>>> {
        self.aop.list_resources()
    }

    fn functions(&self) -> Vec<Box<dyn Function>> {
        self.aop.functions()
    }

    fn validate(&self, config: &Config, report: &mut Diagnostics) {
        self.aop.validate(config, report);
    }

    fn settings(&self, config: &Config) -> Settings {
        self.aop.settings(config)
    }

    fn configure(&self, config: &Config, host: &Host) -> Result<Configured<Api>, Diagnostics> {
        let configured = self.aop.configure(config, host)?;
        Ok(match configured {
            Configured::Ready(_) => {
                let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
                Configured::Ready(Answers::client(answers.clone().into_iter(), 3))
            }
            other => other,
        })
    }
}
