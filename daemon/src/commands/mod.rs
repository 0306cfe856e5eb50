//! Every command of the daemon.
//!
//! A command is one file here and one line in [`COMMANDS`]. The file holds its parameters, whose doc comment becomes the
//! help and the manual page, its [`Command`], what it does, and its tests. From this one list are made the socket, HTTP, help,
//! manual pages, shell completions and the OpenAPI document.

mod autoclean_once;
mod autoclean_status;
mod blacklistrune;
mod check;
mod checkmessage;
mod checkrune;
mod close;
mod command;
mod connect;
mod createinvoice;
mod createrune;
mod datastore;
mod datastoreusage;
mod decode;
mod deldatastore;
mod delinvoice;
mod delpay;
mod dev_hold;
mod disableinvoicerequest;
mod disableoffer;
mod disconnect;
mod enableoffer;
mod feerates;
mod fetchinvoice;
mod fundchannel;
mod getinfo;
mod getlog;
mod getroute;
mod getroutes;
mod help;
mod invoice;
mod invoicerequest;
mod keysend;
mod listaddresses;
mod listchannels;
mod listclosedchannels;
mod listconfigs;
mod listdatastore;
mod listforwards;
mod listfunds;
mod listhtlcs;
mod listinvoicerequests;
mod listinvoices;
mod listnodes;
mod listoffers;
mod listpays;
mod listpeerchannels;
mod listpeers;
mod listsendpays;
mod listsqlschemas;
mod listtransactions;
mod makesecret;
mod manual;
mod newaddr;
mod notifications;
mod offer;
mod parsefeerate;
mod pay;
mod ping;
mod preapproveinvoice;
mod preapprovekeysend;
mod prelude;
mod sendinvoice;
mod sendpay;
mod setchannel;
mod setconfig;
pub(crate) mod shared;
mod showrunes;
mod signinvoice;
mod signmessage;
mod sql;
mod staticbackup;
mod stop;
mod wait;
mod waitanyinvoice;
mod waitblockheight;
mod waitinvoice;
mod waitsendpay;
mod withdraw;
mod xpay;

pub use command::{Category, Command, Example, Handler, OnHangUp, Run, Running, paragraphs};
pub use notifications::NAME as NOTIFICATIONS;

/// Every command, in alphabetical order.
pub static COMMANDS: &[Command] = &[
    autoclean_once::COMMAND,
    autoclean_status::COMMAND,
    blacklistrune::COMMAND, //
    check::COMMAND,
    checkmessage::COMMAND,
    checkrune::COMMAND,
    close::COMMAND,
    connect::COMMAND,
    createinvoice::COMMAND,
    createrune::COMMAND,
    datastore::COMMAND,
    datastoreusage::COMMAND,
    decode::COMMAND,
    deldatastore::COMMAND,
    delinvoice::COMMAND,
    delpay::COMMAND,
    dev_hold::COMMAND,
    disableinvoicerequest::COMMAND,
    disableoffer::COMMAND,
    disconnect::COMMAND,
    enableoffer::COMMAND,
    feerates::COMMAND,
    fetchinvoice::COMMAND,
    fundchannel::COMMAND,
    getinfo::COMMAND,
    getlog::COMMAND,
    getroute::COMMAND,
    getroutes::COMMAND,
    help::COMMAND,
    invoice::COMMAND,
    invoicerequest::COMMAND,
    keysend::COMMAND,
    listaddresses::COMMAND,
    listchannels::COMMAND,
    listclosedchannels::COMMAND,
    listconfigs::COMMAND,
    listdatastore::COMMAND,
    listforwards::COMMAND,
    listfunds::COMMAND,
    listhtlcs::COMMAND,
    listinvoicerequests::COMMAND,
    listinvoices::COMMAND,
    listnodes::COMMAND,
    listoffers::COMMAND,
    listpays::COMMAND,
    listpeerchannels::COMMAND,
    listpeers::COMMAND,
    listsendpays::COMMAND,
    listsqlschemas::COMMAND,
    listtransactions::COMMAND,
    makesecret::COMMAND,
    newaddr::COMMAND,
    notifications::COMMAND,
    offer::COMMAND,
    parsefeerate::COMMAND,
    pay::COMMAND,
    ping::COMMAND,
    preapproveinvoice::COMMAND,
    preapprovekeysend::COMMAND,
    sendinvoice::COMMAND,
    sendpay::COMMAND,
    setchannel::COMMAND,
    setconfig::COMMAND,
    showrunes::COMMAND,
    signinvoice::COMMAND,
    signmessage::COMMAND,
    sql::COMMAND,
    staticbackup::COMMAND,
    stop::COMMAND,
    wait::COMMAND,
    waitanyinvoice::COMMAND,
    waitblockheight::COMMAND,
    waitinvoice::COMMAND,
    waitsendpay::COMMAND,
    withdraw::COMMAND,
    xpay::COMMAND,
];

/// A list of commands in which one is found by its name.
#[derive(Clone, Copy)]
pub struct Registry(&'static [Command]);

impl Registry {
    /// Takes a list that is in alphabetical order.
    pub const fn new(sorted: &'static [Command]) -> Registry {
        Registry(sorted)
    }

    /// The command of that name.
    pub fn find(self, name: &str) -> Option<&'static Command> {
        let at = self.0.binary_search_by(|command| command.name.cmp(name)).ok()?;
        self.0.get(at)
    }

    /// All of them, in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = &'static Command> {
        self.0.iter()
    }
}

/// A call for the commands' own tests, with nothing behind it but the list of commands.
#[cfg(test)]
pub(crate) fn test_call() -> crate::context::Call {
    let args = [
        "boltilld",
        "--regtest",
        "--lightning-dir=/nonexistent",
        "--addr=127.0.0.1:1",
        "--addr=127.0.0.1:2",
        "--bitcoin-rpcpassword=hunter2",
    ];
    let Ok(crate::options::Request::Run(config)) = crate::options::load(args.map(Into::into)) else {
        panic!("the options of the tests are refused");
    };
    let context = crate::context::Context::new(*config, Registry::new(COMMANDS));
    crate::context::Call {
        context: std::sync::Arc::new(context),
        caller: crate::rpc::Caller::default(),
    }
}

#[cfg(test)]
impl crate::context::Call {
    /// Runs a command and gives its answer as JSON, or the words of its error.
    pub(crate) async fn answer(self, name: &str, params: &str) -> Result<String, String> {
        let params = crate::params::Token::parse(params).map_err(|error| error.to_string())?;
        let command = self.commands.find(name).ok_or("no such command")?;
        let running = command
            .start(self.clone(), params)
            .map_err(|error| error.to_string())?;
        match running.await {
            Ok(crate::answer::Answer::Whole(json)) => Ok(json),
            Ok(crate::answer::Answer::Rows(_)) => Err("answered with rows".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}
