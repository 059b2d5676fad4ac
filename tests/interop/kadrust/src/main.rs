// kadrust: a rust-libp2p Kademlia server driven by one JSON object a line on stdin, answering one
// JSON object a line on stdout. For interop tests on loopback. Same commands as kadgo.
//
//   kadrust [--seed N] [--listen MA]... [--proto NAME] [--client] [--no-identify] [--ttl SECS|none] [--sec noise|tls|both]
//           [--filter] (StoreInserts::FilterBoth: records arrive as events, and are then stored) [--threads N]
#[cfg(feature = "v56")]
extern crate lp56 as libp2p;
#[cfg(feature = "v56")]
extern crate ls56 as libp2p_stream;
#[cfg(feature = "v57")]
extern crate lp57 as libp2p;
#[cfg(feature = "v57")]
extern crate ls57 as libp2p_stream;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{
    identify, identity, kad,
    kad::{store::MemoryStore, store::RecordStore, QueryId, QueryResult, Quorum, Record, RecordKey},
    multiaddr::Protocol,
    noise, ping,
    swarm::{behaviour::toggle::Toggle, NetworkBehaviour, SwarmEvent},
    tcp, tls, yamux, Multiaddr, PeerId, StreamProtocol, SwarmBuilder,
};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, time::Duration, time::Instant};
use tokio::io::{AsyncBufReadExt, BufReader};

#[derive(NetworkBehaviour)]
struct B {
    kad: kad::Behaviour<MemoryStore>,
    identify: Toggle<identify::Behaviour>,
    ping: ping::Behaviour,
    stream: libp2p_stream::Behaviour,
}

const FETCH: StreamProtocol = StreamProtocol::new("/deboot/fetch/1.0.0");

// a line to a bridge, and what comes for it, into a file; stop: nothing is read after so many bytes, for ever
async fn fetch_run(mut c: libp2p_stream::Control, p: PeerId, q: Value) -> Result<u64, String> {
    let e = |e: std::io::Error| e.to_string();
    let mut s = c.open_stream(p, FETCH).await.map_err(|e| e.to_string())?;
    s.write_all(q["line"].as_str().unwrap_or("").as_bytes()).await.map_err(e)?;
    s.flush().await.map_err(e)?;
    if !q["open"].as_bool().unwrap_or(false) {
        s.close().await.map_err(e)?;
    }
    let mut out = std::fs::File::create(q["out"].as_str().unwrap_or("")).map_err(e)?;
    let (mut buf, mut got, stop) = (vec![0u8; 65536], 0u64, q["stop"].as_u64().unwrap_or(u64::MAX));
    while got < stop {
        let most = (stop - got).min(buf.len() as u64) as usize;
        match s.read(&mut buf[..most]).await.map_err(e)? {
            0 => return Ok(got),
            n => {
                std::io::Write::write_all(&mut out, &buf[..n]).map_err(e)?;
                got += n as u64;
            }
        }
    }
    std::mem::forget(s); // it stays open, and nobody reads
    Ok(got)
}

const PERF: StreamProtocol = StreamProtocol::new("/perf/1.0.0");

// libp2p perf: u64 BE = bytes wanted back, then the upload until EOF, then that many bytes and close
async fn perf_serve(mut s: libp2p::Stream) -> std::io::Result<()> {
    let mut h = [0u8; 8];
    s.read_exact(&mut h).await?;
    let mut buf = vec![0u8; 65536];
    while s.read(&mut buf).await? > 0 {}
    let mut left = u64::from_be_bytes(h);
    while left > 0 {
        let n = left.min(buf.len() as u64);
        s.write_all(&buf[..n as usize]).await?;
        left -= n;
    }
    s.close().await
}

// returns (seconds until the server had taken all, seconds of the answer, bytes received)
async fn perf_run(mut c: libp2p_stream::Control, p: PeerId, up: u64, down: u64, cut: u64) -> Result<(f64, f64, f64, u64), String> {
    let e = |e: std::io::Error| e.to_string();
    let t = Instant::now();
    let mut s = c.open_stream(p, PERF).await.map_err(|e| e.to_string())?;
    let open = t.elapsed().as_secs_f64();
    let t = Instant::now();
    let mut buf = vec![0u8; 65536];
    s.write_all(&down.to_be_bytes()).await.map_err(e)?;
    let mut left = up;
    while left > 0 {
        let n = left.min(buf.len() as u64);
        s.write_all(&buf[..n as usize]).await.map_err(e)?;
        left -= n;
    }
    s.close().await.map_err(e)?;
    let mut got = s.read(&mut buf).await.map_err(e)? as u64;
    let tu = t.elapsed().as_secs_f64();
    let t = Instant::now();
    loop {
        match s.read(&mut buf).await.map_err(e)? {
            0 => break,
            n => got += n as u64,
        }
        if cut > 0 && got >= cut {
            return Err("cut".into()); // and is reset when it is dropped
        }
    }
    Ok((open, tu, t.elapsed().as_secs_f64(), got))
}

fn emit(v: Value) {
    println!("{v}");
}

// same rule as kadgo: "hex:.." = these bytes, "raw:.." = this text, else sha2-256 multihash of the text
fn prov_key(k: &str) -> RecordKey {
    if let Some(h) = k.strip_prefix("hex:") {
        return RecordKey::from(hex::decode(h).unwrap_or_default());
    }
    if let Some(r) = k.strip_prefix("raw:") {
        return RecordKey::from(r.as_bytes().to_vec());
    }
    let mut v = vec![0x12, 0x20];
    v.extend(Sha256::digest(k.as_bytes()));
    RecordKey::from(v)
}

fn rec(r: &Record) -> Value {
    json!({"key": String::from_utf8_lossy(r.key.as_ref()), "value": String::from_utf8_lossy(&r.value), "value_hex": hex::encode(&r.value),
        "publisher": r.publisher.map(|p| p.to_string()), "ttl_left": r.expires.map(|e| e.saturating_duration_since(Instant::now()).as_secs_f64())})
}

fn split_p2p(a: &Multiaddr) -> Option<(PeerId, Multiaddr)> {
    let mut b = a.clone();
    match b.pop() {
        Some(Protocol::P2p(id)) => Some((id, b)),
        _ => None,
    }
}

struct Pending {
    cmd: String,
    t0: Instant,
    acc: Vec<Value>,
    tag: Value,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let n = args.iter().position(|a| a == "--threads").and_then(|i| args.get(i + 1)?.parse().ok()).unwrap_or(1);
    let mut b = if n > 1 { tokio::runtime::Builder::new_multi_thread() } else { tokio::runtime::Builder::new_current_thread() };
    b.worker_threads(n.max(1)).enable_all().build()?.block_on(run(args))
}

async fn run(args: Vec<String>) -> Result<(), Box<dyn std::error::Error>> {
    let opt = |n: &str, d: &str| args.iter().position(|a| a == n).and_then(|i| args.get(i + 1).cloned()).unwrap_or(d.into());
    let has = |n: &str| args.iter().any(|a| a == n);
    let seed: u8 = opt("--seed", "2").parse()?;
    let key = identity::Keypair::ed25519_from_bytes([seed; 32])?;
    let me = key.public().to_peer_id();
    let proto = StreamProtocol::try_from_owned(opt("--proto", "/ipfs/kad/1.0.0"))?;
    let mut cfg = kad::Config::new(proto.clone());
    match opt("--ttl", "").as_str() {
        "" => {}
        "none" => drop(cfg.set_record_ttl(None)),
        s => drop(cfg.set_record_ttl(Some(Duration::from_secs(s.parse()?)))),
    }
    if has("--filter") {
        cfg.set_record_filtering(kad::StoreInserts::FilterBoth);
    }
    let sec = opt("--sec", "both");
    let b = SwarmBuilder::with_existing_identity(key.clone()).with_tokio();
    let with_id = !has("--no-identify");
    let client = has("--client");
    let mk = move |k: &identity::Keypair| {
        let id = k.public().to_peer_id();
        let mut kb = kad::Behaviour::with_config(id, MemoryStore::new(id), cfg);
        kb.set_mode(Some(if client { kad::Mode::Client } else { kad::Mode::Server }));
        B {
            kad: kb,
            identify: Toggle::from(with_id.then(|| identify::Behaviour::new(identify::Config::new("/kadrust/0".into(), k.public())))),
            ping: ping::Behaviour::new(ping::Config::new()),
            stream: libp2p_stream::Behaviour::new(),
        }
    };
    let idle = |c: libp2p::swarm::Config| c.with_idle_connection_timeout(Duration::from_secs(60));
    let mut sw = match sec.as_str() {
        "noise" => b.with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)?.with_quic().with_behaviour(mk)?.with_swarm_config(idle).build(),
        "tls" => b.with_tcp(tcp::Config::default(), tls::Config::new, yamux::Config::default)?.with_quic().with_behaviour(mk)?.with_swarm_config(idle).build(),
        _ => b.with_tcp(tcp::Config::default(), (tls::Config::new, noise::Config::new), yamux::Config::default)?.with_quic().with_behaviour(mk)?.with_swarm_config(idle).build(),
    };
    let ctl = sw.behaviour().stream.new_control();
    let mut inc = ctl.clone().accept(PERF)?;
    tokio::spawn(async move { while let Some((_, s)) = inc.next().await { tokio::spawn(perf_serve(s)); } });
    let mut listened = 0;
    for (i, a) in args.iter().enumerate() {
        if a == "--listen" {
            sw.listen_on(args[i + 1].parse()?)?;
            listened += 1;
        }
    }
    if listened == 0 {
        sw.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
        sw.listen_on("/ip4/127.0.0.1/udp/0/quic-v1".parse()?)?;
    }
    emit(json!({"event": "ready", "id": me.to_string(), "proto": proto.to_string()}));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut pend: HashMap<QueryId, Pending> = HashMap::new();
    let mut eof = false;
    loop {
        tokio::select! {
            l = lines.next_line(), if !eof => {
                let Some(l) = l? else { eof = true; if pend.is_empty() { break } continue };
                let q: Value = match serde_json::from_str(&l) { Ok(v) => v, Err(e) => { emit(json!({"error": e.to_string()})); continue } };
                let s = |k: &str| q[k].as_str().unwrap_or("").to_string();
                let cmd = s("cmd");
                let kad = &mut sw.behaviour_mut().kad;
                let bad = |e: String| emit(json!({"cmd": cmd, "ok": false, "error": e, "tag": q["tag"]}));
                let id = match cmd.as_str() {
                    "connect" => {
                        match s("addr").parse::<Multiaddr>().ok().and_then(|a| split_p2p(&a)) {
                            Some((p, a)) => {
                                kad.add_address(&p, a.clone());
                                let r = sw.dial(a.with(Protocol::P2p(p)));
                                emit(json!({"cmd": cmd, "ok": r.is_ok(), "error": r.err().map(|e| e.to_string()), "tag": q["tag"]}));
                            }
                            None => bad("need /p2p/".into()),
                        }
                        None
                    }
                    "put" => {
                        let v = if q["value_hex"].is_string() { hex::decode(s("value_hex")).unwrap_or_default() } else { s("value").into_bytes() };
                        // as phase does: no publisher, no expiry given (kad fills both in)
                        let mut r = Record { key: RecordKey::new(&s("key").into_bytes()), value: v, publisher: None, expires: None };
                        if let Some(t) = q["ttl"].as_u64() { r.expires = Some(Instant::now() + Duration::from_secs(t)); }
                        match kad.put_record(r, Quorum::One) { Ok(i) => Some(i), Err(e) => { bad(format!("{e:?}")); None } }
                    }
                    "get" => Some(kad.get_record(RecordKey::new(&s("key").into_bytes()))),
                    "provide" => match kad.start_providing(prov_key(&s("key"))) { Ok(i) => Some(i), Err(e) => { bad(format!("{e:?}")); None } },
                    "find-providers" => Some(kad.get_providers(prov_key(&s("key")))),
                    "closest" => Some(kad.get_closest_peers(s("key").into_bytes())),
                    "find-peer" => match s("id").parse::<PeerId>() { Ok(p) => Some(kad.get_closest_peers(p)), Err(e) => { bad(e.to_string()); None } },
                    "local" => {
                        let r = kad.store_mut().get(&RecordKey::new(&s("key").into_bytes())).map(|r| rec(&r));
                        emit(json!({"cmd": cmd, "ok": r.is_some(), "record": r, "tag": q["tag"]}));
                        None
                    }
                    "peers" => {
                        let mut t = vec![];
                        for b in kad.kbuckets() { for e in b.iter() { t.push(json!({"id": e.node.key.preimage().to_string(), "addrs": e.node.value.iter().map(|a| a.to_string()).collect::<Vec<_>>()})); } }
                        let c: Vec<_> = sw.connected_peers().map(|p| p.to_string()).collect();
                        emit(json!({"cmd": cmd, "ok": true, "table": t, "connected": c, "tag": q["tag"]}));
                        None
                    }
                    "perf" => {
                        match s("peer").parse::<PeerId>() {
                            Ok(p) => {
                                let (c, up, down, cut, cmd, tag) = (ctl.clone(), q["up"].as_u64().unwrap_or(0), q["down"].as_u64().unwrap_or(0), q["cut"].as_u64().unwrap_or(0), cmd.clone(), q["tag"].clone());
                                tokio::spawn(async move { match perf_run(c, p, up, down, cut).await {
                                    Ok((o, u, d, n)) => emit(json!({"cmd": cmd, "ok": n == down, "tag": tag, "open_ms": o * 1e3, "up": up, "down": n, "up_s": u, "down_s": d,
                                        "up_mb_s": up as f64 / 1e6 / u, "down_mb_s": n as f64 / 1e6 / d.max(1e-9)})),
                                    Err(e) => emit(json!({"cmd": cmd, "ok": false, "error": e, "tag": tag})),
                                } });
                            }
                            Err(e) => bad(e.to_string()),
                        }
                        None
                    }
                    "fetch" => {
                        match s("peer").parse::<PeerId>() {
                            Ok(p) => {
                                let (c, q, cmd, tag) = (ctl.clone(), q.clone(), cmd.clone(), q["tag"].clone());
                                tokio::spawn(async move { match fetch_run(c, p, q).await {
                                    Ok(n) => emit(json!({"cmd": cmd, "ok": true, "bytes": n, "tag": tag})),
                                    Err(e) => emit(json!({"cmd": cmd, "ok": false, "error": e, "tag": tag})),
                                } });
                            }
                            Err(e) => bad(e.to_string()),
                        }
                        None
                    }
                    "ping" => { bad("rust pings by itself every 15 s".into()); None }
                    "sleep" => { let ms = q["ms"].as_u64().unwrap_or(500); let d = tokio::time::sleep(Duration::from_millis(ms)); tokio::pin!(d);
                        loop { tokio::select! { _ = &mut d => break, e = sw.select_next_some() => handle(e, &mut pend, &mut sw) } } None }
                    "exit" => return Ok(()),
                    _ => { bad("unknown cmd".into()); None }
                };
                if let Some(i) = id { pend.insert(i, Pending { cmd, t0: Instant::now(), acc: vec![], tag: q["tag"].clone() }); }
            }
            e = sw.select_next_some() => { handle(e, &mut pend, &mut sw); if eof && pend.is_empty() { break } }
        }
    }
    Ok(())
}

fn handle(e: SwarmEvent<BEvent>, pend: &mut HashMap<QueryId, Pending>, sw: &mut libp2p::Swarm<B>) {
    match e {
        SwarmEvent::NewListenAddr { address, .. } => emit(json!({"event": "listen", "addr": format!("{address}/p2p/{}", sw.local_peer_id())})),
        SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => emit(json!({"event": "conn", "peer": peer_id.to_string(), "addr": endpoint.get_remote_address().to_string(), "dialer": endpoint.is_dialer()})),
        SwarmEvent::ConnectionClosed { peer_id, cause, .. } => emit(json!({"event": "disconn", "peer": peer_id.to_string(), "cause": cause.map(|c| c.to_string())})),
        SwarmEvent::OutgoingConnectionError { error, .. } => emit(json!({"event": "dial_error", "error": error.to_string()})),
        SwarmEvent::IncomingConnectionError { error, .. } => emit(json!({"event": "in_error", "error": format!("{error}")})),
        SwarmEvent::Behaviour(BEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
            let kadp = info.protocols.iter().any(|p| sw.behaviour().kad.protocol_names().contains(p));
            if kadp {
                for a in &info.listen_addrs { sw.behaviour_mut().kad.add_address(&peer_id, a.clone()); }
            }
            emit(json!({"event": "identify", "peer": peer_id.to_string(), "agent": info.agent_version, "kad": kadp, "protocols": info.protocols.iter().map(|p| p.to_string()).collect::<Vec<_>>()}));
        }
        SwarmEvent::Behaviour(BEvent::Ping(p)) => emit(json!({"event": "ping", "peer": p.peer.to_string(), "ok": p.result.is_ok()})),
        SwarmEvent::Behaviour(BEvent::Kad(k)) => match k {
            kad::Event::InboundRequest { request } => {
                if let kad::InboundRequest::PutRecord { record: Some(r), source, .. } = &request {
                    emit(json!({"event": "inbound_put", "from": source.to_string(), "record": rec(r)}));
                    let _ = sw.behaviour_mut().kad.store_mut().put(r.clone());
                } else {
                    emit(json!({"event": "inbound", "req": format!("{request:?}").chars().take(160).collect::<String>()}));
                }
            }
            kad::Event::RoutingUpdated { peer, is_new_peer, .. } => emit(json!({"event": "routing", "peer": peer.to_string(), "new": is_new_peer})),
            kad::Event::UnroutablePeer { peer } => emit(json!({"event": "unroutable", "peer": peer.to_string()})),
            kad::Event::OutboundQueryProgressed { id, result, step, .. } => {
                let Some(p) = pend.get_mut(&id) else { return };
                let mut err = None;
                match result {
                    QueryResult::GetRecord(Ok(kad::GetRecordOk::FoundRecord(r))) => p.acc.push(json!({"from": r.peer.map(|p| p.to_string()), "record": rec(&r.record)})),
                    QueryResult::GetRecord(Ok(_)) => {}
                    QueryResult::GetRecord(Err(e)) => err = Some(e.to_string()),
                    QueryResult::PutRecord(Err(e)) => err = Some(format!("{e:?}")),
                    QueryResult::PutRecord(Ok(_)) => {}
                    QueryResult::StartProviding(Err(e)) => err = Some(e.to_string()),
                    QueryResult::GetProviders(Ok(kad::GetProvidersOk::FoundProviders { providers, .. })) => p.acc.extend(providers.iter().map(|x| json!(x.to_string()))),
                    QueryResult::GetProviders(Err(e)) => err = Some(e.to_string()),
                    QueryResult::GetClosestPeers(Ok(o)) => p.acc.extend(o.peers.iter().map(|x| json!({"id": x.peer_id.to_string(), "addrs": x.addrs.iter().map(|a| a.to_string()).collect::<Vec<_>>()}))),
                    QueryResult::GetClosestPeers(Err(e)) => err = Some(e.to_string()),
                    _ => {}
                }
                if step.last {
                    let p = pend.remove(&id).unwrap();
                    emit(json!({"cmd": p.cmd, "ok": err.is_none(), "ms": p.t0.elapsed().as_secs_f64() * 1e3, "results": p.acc, "error": err, "tag": p.tag}));
                }
            }
            _ => {}
        },
        _ => {}
    }
}
