// Run once, by the image's own start-up, on an empty volume: the service's user, which owns nothing
// but the service's database. dbAdmin, because a changed retention changes TTL indexes (collMod).
db.getSiblingDB("meterhouse").createUser({
  user: "meterhouse",
  pwd: process.env.MONGO_PASSWORD,
  roles: ["readWrite", "dbAdmin"],
});
